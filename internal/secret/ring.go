package secret

// Ring is one secret in its generations, the one in use first. A secret is replaced by
// letting the new one in beside the old: what is made, the first makes; what has been made
// is recognised under each, until nothing of the old one is left.
type Ring []Text

// First is the generation in use.
func (r Ring) First() Text { return r[0] }

// Derive yields another secret of each generation, for one purpose and one context.
func (r Ring) Derive(purpose string, context ...string) Ring {
	all := make(Ring, len(r))
	for i, t := range r {
		all[i] = t.Derive(purpose, context...)
	}
	return all
}

// Hashes are those of each generation.
func (r Ring) Hashes() []Hash {
	all := make([]Hash, len(r))
	for i, t := range r {
		all[i] = t.Hash()
	}
	return all
}

// Named is the generation with the [Text.Name], so that something that several nodes have a
// hand in stays with the one that it began with. The one in use, where there is none.
func (r Ring) Named(name string) Text {
	for _, t := range r {
		if t.Name() == name {
			return t
		}
	}
	return r[0]
}

// Name tells a key from others, and nothing of it: 48 bits of what is derived from it.
func (t Text) Name() string { return t.Derive("name").value[:8] }
