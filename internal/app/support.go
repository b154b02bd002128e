package app

import (
	"context"

	"avain/internal/config"
)

// support is what people meet when a login fails, and those who help them: news, help,
// the state of the service, and the console.
func (s *Service) support(_ context.Context, c config.Config, d Deps, m mechanisms) ([]feature, error) {
	state := s.rates(d, m)
	if err := s.console(c, d, m); err != nil {
		return nil, err
	}
	return []feature{s.news(c, d, m), s.help(c, d, m), state}, nil
}
