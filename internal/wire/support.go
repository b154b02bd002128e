package wire

import (
	"context"

	"avain/internal/config"
)

// support is what people meet when a login fails, and those who help them: news, help,
// the state of the service, and the console.
func (s *Service) support(_ context.Context, _ config.Config, _ Deps, _ mechanisms) ([]feature, error) {
	return nil, nil
}
