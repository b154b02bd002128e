package login

import (
	"strings"
	"time"
)

// A request that is refused before there is an attempt leaves no row: whoever can be
// refused could fill the database. Its support code says by itself what an agent needs
// to know: the number of the reason, and when.
const (
	refusalMark   = 'Y' // first letter; no attempt's code begins with it
	refusalCodes  = 26 * 26 * 26 * 26 * 26
	refusalStep   = 5 * time.Minute // how exactly a code tells the time
	refusalSlots  = 18_432          // 64 days of steps: then codes come again
	refusalLimit  = 128             // numbers from 0
	refusalChecks = 5               // four of five codes that were misheard are none at all

	// Codes of neighbouring values look nothing alike, so that a letter misheard is not
	// the same failure five minutes later. The product of the two is 1 modulo refusalCodes.
	refusalSpread = 7_654_321
	refusalGather = 9_727_665
)

// RefusalCode is the support code of a request that belongs to no attempt. The number,
// below 128, names the reason (package reasons numbers them).
func RefusalCode(number int, at time.Time) string {
	slot := at.Unix() / int64(refusalStep/time.Second) % refusalSlots
	if number < 0 || number >= refusalLimit || slot < 0 {
		return NewSupportCode() // a code that leads to nothing but the log
	}
	value := (slot*refusalLimit+int64(number))*refusalChecks + refusalCheck(slot, int64(number))
	value = value * refusalSpread % refusalCodes
	letters := make([]byte, 6)
	letters[0] = refusalMark
	for i := 5; i > 0; i-- {
		letters[i] = supportAlphabet[value%26]
		value /= 26
	}
	return dashed(letters)
}

// ReadRefusalCode reads a code that [ParseSupportCode] has accepted: the number, and the
// beginning of the five minutes in which the request was refused. A code that is older
// than 64 days reads as a younger one. It returns false for the code of an attempt and
// for what no request was ever told.
func ReadRefusalCode(code string, now time.Time) (number int, at time.Time, ok bool) {
	letters := strings.ReplaceAll(code, "-", "")
	if len(letters) != 6 || letters[0] != refusalMark {
		return 0, time.Time{}, false
	}
	var value int64
	for i := 1; i < 6; i++ {
		digit := strings.IndexByte(supportAlphabet, letters[i])
		if digit < 0 {
			return 0, time.Time{}, false
		}
		value = value*26 + int64(digit)
	}
	value = value * refusalGather % refusalCodes
	check, value := value%refusalChecks, value/refusalChecks
	slot, n := value/refusalLimit, value%refusalLimit
	if slot >= refusalSlots || check != refusalCheck(slot, n) {
		return 0, time.Time{}, false
	}
	step := int64(refusalStep / time.Second)
	latest := now.Unix()/step + 1 // clocks of nodes differ a little
	return int(n), time.Unix((latest-(latest-slot)%refusalSlots)*step, 0).UTC(), true
}

func refusalCheck(slot, number int64) int64 { return (slot + 3*number) % refusalChecks }
