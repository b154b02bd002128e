package config

import "avain/internal/platform/passhash"

// Credentials says what passwords must be like.
type Credentials struct {
	MinLength  int    `yaml:"min_length" doc:"Characters that a new password must have."`
	LeakedFile string `yaml:"leaked_file" doc:"File with SHA-1 hashes of passwords that have leaked, in order, one per line: what the downloader of Have I Been Pwned makes. New passwords are looked up in it." example:"pwnedpasswords.txt"`
}

// credentials checks the section.
func (v validator) credentials(c Credentials) {
	if c.MinLength < 8 || c.MinLength > 64 {
		v.add("credentials.min_length", "must be from 8 to 64")
	}
	if c.LeakedFile == "" {
		return
	}
	list, err := passhash.OpenLeaked(c.LeakedFile)
	if err != nil {
		v.add("credentials.leaked_file", "cannot be used: %s", fileError(err))
		return
	}
	if err := list.Close(); err != nil {
		v.add("credentials.leaked_file", "cannot be used: %s", fileError(err))
	}
}
