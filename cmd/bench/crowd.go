package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"avain/internal/testkit/robot"
)

// crowd is many apps that wait, each on a connection of its own.
type crowd struct {
	service string // host and port
	apps    []*robot.App
	logins  []robot.Login // the app of the caller that started it: index modulo callers

	readers sync.WaitGroup
	told    atomic.Int64 // apps that got the last word that was waited for
	last    atomic.Int64 // when the latest of them got it, in nanoseconds
	failed  atomic.Pointer[error]
}

// gather starts a login for each app, with a few keys: what a key costs is measured
// elsewhere.
func (r *rig) gather(ctx context.Context, n int) (*crowd, error) {
	apps, err := r.apps()
	if err != nil {
		return nil, err
	}
	c := &crowd{service: strings.TrimPrefix(r.service, "http://"), apps: apps, logins: make([]robot.Login, n)}
	return c, c.each(ctx, 0, n, func(ctx context.Context, i int) (err error) {
		c.logins[i], err = c.app(i).Start(ctx, nil)
		return err
	})
}

func (c *crowd) app(i int) *robot.App { return c.apps[i%len(c.apps)] }

// each does something for the apps from first to below last. Apps of one key take turns.
func (c *crowd) each(ctx context.Context, first, last int, do func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	for caller := range c.apps {
		all.Go(func() {
			for i := first; i < last && ctx.Err() == nil; i++ {
				if i%len(c.apps) != caller {
					continue
				}
				if err := do(ctx, i); err != nil {
					cancel(fmt.Errorf("app %d: %w", i, err))
				}
			}
		})
	}
	all.Wait()
	return context.Cause(ctx)
}

// wait opens the streams of the apps from first to below last.
func (c *crowd) wait(ctx context.Context, first, last int) error {
	return c.each(ctx, first, last, c.follow)
}

// portsPerAddress is how many connections leave from one address of ours: fewer than
// the system has ports for, and fewer than the service lets wait from one network.
const portsPerAddress = 1_000

// follow opens one stream and listens to it until it ends.
func (c *crowd) follow(ctx context.Context, i int) error {
	from := &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+i/portsPerAddress))} //nolint:gosec // a few addresses
	conn, err := (&net.Dialer{LocalAddr: from, Timeout: 10 * time.Second}).DialContext(ctx, "tcp", c.service)
	if err != nil {
		return err
	}
	stream, err := c.open(ctx, conn, i)
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	c.readers.Go(func() {
		defer func() { _ = conn.Close() }()
		c.listen(stream)
	})
	return nil
}

func (c *crowd) open(ctx context.Context, conn net.Conn, i int) (*robot.Stream, error) {
	request, err := c.app(i).FollowRequest(ctx, c.logins[i])
	if err != nil {
		return nil, err
	}
	if err := request.Write(conn); err != nil {
		return nil, err
	}
	answer, err := http.ReadResponse(bufio.NewReaderSize(conn, 512), request)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, errors.Join(errors.New(answer.Status), answer.Body.Close())
	}
	stream := robot.ReadStream(answer)
	_, err = stream.Next()
	return stream, err
}

// listen hears events until the stream ends. It must end with a word.
func (c *crowd) listen(s *robot.Stream) {
	word := ""
	for {
		e, err := s.Next()
		switch {
		case err == nil:
			word = e.Name
			continue
		case !errors.Is(err, io.EOF) || word == "":
			err = fmt.Errorf("a stream broke off: %w", err)
			c.failed.Store(&err)
		default:
			c.told.Add(1)
			for now := time.Now().UnixNano(); ; {
				if before := c.last.Load(); before >= now || c.last.CompareAndSwap(before, now) {
					break
				}
			}
		}
		return
	}
}

// toldAll waits until every app has heard its last word, and says how long after began.
func (c *crowd) toldAll(began time.Time) (time.Duration, error) {
	c.readers.Wait()
	if err := c.failed.Load(); err != nil {
		return 0, *err
	}
	if n := c.told.Swap(0); n != int64(len(c.logins)) {
		return 0, fmt.Errorf("%d of %d apps were told", n, len(c.logins))
	}
	return time.Unix(0, c.last.Load()).Sub(began), nil
}
