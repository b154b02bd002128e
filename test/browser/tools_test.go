package browser_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"avain/internal/testkit/demo"
	"avain/internal/testkit/patience"
)

const (
	appFolder  = "../../app"
	nodeFolder = "node"
)

// Everything slow is made once, by the first test that needs it.
var (
	sharedKeys = sync.OnceValues(demo.NewKeys)
	chromium   = sync.OnceValues(findChromium)
	builtApp   = sync.OnceValues(buildApp)
	axeSource  = sync.OnceValues(readAxe)
)

// findChromium looks for the browser where Debian and others put it.
func findChromium() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("chromium is missing; run scripts/install-test-tools.sh, or as root: apt-get install chromium")
}

// buildApp answers the folder of the built phone app, and builds it if its sources
// are newer.
func buildApp() (string, error) {
	dist := filepath.Join(appFolder, "dist")
	sources, err := newest(appFolder, "src", "public", "build", "index.html", "vite.config.ts", "package-lock.json")
	if err != nil {
		return "", err
	}
	// vite writes the service worker's list of files last.
	built, err := newest(dist, "index.html", "sw.js")
	if err == nil && built.After(sources) {
		return dist, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err := install(appFolder); err != nil {
		return "", err
	}
	if err := run(appFolder, "npm", "run", "--silent", "build"); err != nil {
		return "", fmt.Errorf("the phone app does not build: %w", err)
	}
	return dist, nil
}

// newest is when the youngest file in these places was changed.
func newest(folder string, places ...string) (time.Time, error) {
	var youngest time.Time
	for _, place := range places {
		err := filepath.WalkDir(filepath.Join(folder, place), func(_ string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			info, err := entry.Info()
			if err == nil && info.ModTime().After(youngest) {
				youngest = info.ModTime()
			}
			return err
		})
		if err != nil {
			return time.Time{}, err
		}
	}
	return youngest, nil
}

// readAxe answers the source of axe-core, the accessibility checker.
func readAxe() (string, error) {
	if err := install(nodeFolder); err != nil {
		return "", err
	}
	source, err := os.ReadFile(filepath.Join(nodeFolder, "node_modules", "axe-core", "axe.min.js"))
	return string(source), err
}

// install brings the npm packages of a lock file, if they are not there.
func install(folder string) error {
	wanted, err := os.Stat(filepath.Join(folder, "package-lock.json"))
	if err != nil {
		return err
	}
	// npm leaves this file behind when it has finished.
	present, err := os.Stat(filepath.Join(folder, "node_modules", ".package-lock.json"))
	if err == nil && !present.ModTime().Before(wanted.ModTime()) {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := run(folder, "npm", "ci", "--no-audit", "--no-fund"); err != nil {
		return fmt.Errorf("npm packages of %s: %w", folder, err)
	}
	return nil
}

func run(folder, name string, arguments ...string) error {
	ctx, cancel := patience.Within(context.Background())
	defer cancel()
	command := exec.CommandContext(ctx, name, arguments...)
	command.Dir, command.Env = folder, append(os.Environ(), "NO_COLOR=1")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s in %s: %w\n%s", name, folder, err, output)
	}
	return nil
}
