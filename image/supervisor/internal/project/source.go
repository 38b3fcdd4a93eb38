package project

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

const (
	maxCompose = 1 << 20 // bytes of a compose file
	fetchTime  = time.Minute
)

var errTooLarge = errors.New("it is larger than 1 MiB")

// read returns the compose file at source.
func (p *Project) read(ctx context.Context, source string) ([]byte, error) {
	if strings.HasPrefix(source, "http://") || strings.HasPrefix(source, "https://") {
		return fetch(ctx, source)
	}
	root, err := os.OpenRoot(p.dir) // nothing above it, whatever source says
	if err != nil {
		return nil, err
	}
	defer root.Close()
	file, err := root.Open(source)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return limited(file)
}

// fetch reads a compose file from a web server.
func fetch(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", url, response.Status)
	}
	return limited(response.Body)
}

func limited(from io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(from, maxCompose+1))
	if err == nil && len(data) > maxCompose {
		err = errTooLarge
	}
	return data, err
}
