package main

import "strconv"

// count says how many there are of something: "1 broker", "2 brokers".
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
