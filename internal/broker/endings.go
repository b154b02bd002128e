package broker

import (
	"fmt"

	"avain/internal/platform/expiry"
)

// Endings lists what ends of the files that logins through this broker depend on; path is
// where the broker stands in the file, such as "brokers[0]". What cannot be read has no
// end: [Config.Validate] tells of it. Call it after WithPreset.
func (c Config) Endings(path string) []expiry.Ending {
	stops := fmt.Sprintf("every login through %s fails", c.ID)
	all := expiry.OfStatement(expiry.Ending{
		Setting: path + ".broker_keys.entity_statement_file", File: c.BrokerKeys.EntityStatementFile, Owner: expiry.Theirs,
		What: "the entity statement of the broker " + c.ID, Then: stops, Stops: true,
		Do: "get the broker's new statement by the way that it told you, put it here with its fingerprint, and restart the service",
	})
	all = append(all, expiry.OfStatement(expiry.Ending{
		Setting: path + ".our_keys.statement_file", File: c.OurKeys.StatementFile, Owner: expiry.Ours,
		What: "our entity statement for the broker " + c.ID, Then: stops, Stops: true, // the broker believes our keys no more
		Do: "make another one (avain keys statement), hand it to the broker, put it here when the broker has taken it, and restart the service",
	})...)
	all = append(all, expiry.OfCertificates(expiry.Ending{
		Setting: path + ".broker_keys.entity_keys_file", File: c.BrokerKeys.EntityKeysFile, Owner: expiry.Theirs,
		What: "a certificate of the entity keys of the broker " + c.ID,
		Then: "the broker may have another key: the service still believes this one, and takes no other",
		Do:   "ask the broker whether its entity key changes, put the new one here, and restart the service",
	})...)
	for i, key := range c.OurKeys.Signing {
		all = append(all, c.ourKeyEndings(fmt.Sprintf("%s.our_keys.signing[%d].file", path, i), key)...)
	}
	for i, key := range c.OurKeys.Decryption {
		all = append(all, c.ourKeyEndings(fmt.Sprintf("%s.our_keys.decryption[%d].file", path, i), key)...)
	}
	if c.OurKeys.Entity != nil {
		all = append(all, c.ourKeyEndings(path+".our_keys.entity.file", *c.OurKeys.Entity)...)
	}
	return all
}

func (c Config) ourKeyEndings(setting string, key KeyFile) []expiry.Ending {
	return expiry.OfCertificates(expiry.Ending{
		Setting: setting, File: key.File, Owner: expiry.Ours,
		What: "a certificate of our key for the broker " + c.ID,
		Then: "the broker may refuse the key", // we do not send the certificate; whoever it was given to knows its end
		Do:   "renew it, or change the key (docs/brokers.md), and tell the broker",
	})
}
