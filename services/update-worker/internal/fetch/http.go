package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"resinos.io/shared/trust"
)

const (
	userAgent    = "resinos-updater/1"
	connections  = 16               // to one server
	headerTime   = 30 * time.Second // from request to the first byte
	stallTime    = 30 * time.Second // without a byte
	maxRedirects = 5
	triesPerFile = 6
	retryBudget  = 200 // of the whole run
	firstPause   = 500 * time.Millisecond
	lastPause    = 30 * time.Second
	burst        = 64 << 10 // bytes, of the rate limit
)

// web is a repository on a web server.
type web struct {
	base   string
	client *http.Client
	limit  *rate.Limiter // nil: as fast as it goes
	pause  time.Duration // before the first retry
	stall  time.Duration // how long a body may stand still

	mu      sync.Mutex
	retries int
}

func newHTTP(base string, bytesPerSecond uint64) *web {
	w := &web{base: base, pause: firstPause, stall: stallTime}
	if bytesPerSecond > 0 {
		w.limit = rate.NewLimiter(rate.Limit(bytesPerSecond), burst)
	}
	dialer := &net.Dialer{Timeout: headerTime}
	w.client = &http.Client{
		CheckRedirect: checkRedirect,
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext,
			MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections, IdleConnTimeout: time.Minute,
			TLSHandshakeTimeout: headerTime, ResponseHeaderTimeout: headerTime,
			MaxResponseHeaderBytes: 64 << 10, DisableCompression: true, ForceAttemptHTTP2: true,
			ReadBufferSize: 16 << 10,
		},
	}
	return w
}

func checkRedirect(request *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("more than %d redirects", maxRedirects)
	}
	if via[0].URL.Scheme == "https" && request.URL.Scheme != "https" {
		return errors.New("a redirect from https to " + request.URL.Scheme)
	}
	return nil
}

// final is an error that trying again would not change.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

// Fetch implements [Source].
func (w *web) Fetch(ctx context.Context, path string, limit int64) ([]byte, error) {
	pause := w.pause
	for try := 1; ; try++ {
		data, err := w.once(ctx, path, limit)
		var stop final
		switch {
		case err == nil:
			return data, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.As(err, &stop):
			return nil, stop.error
		case try == triesPerFile || !w.mayRetry():
			return nil, fmt.Errorf("%w, %d tries: %w", ErrUnreachable, try, err)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause/2 + rand.N(pause)):
		}
		pause = min(2*pause, lastPause)
	}
}

func (w *web) mayRetry() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.retries++
	return w.retries <= retryBudget
}

func (w *web) once(ctx context.Context, path string, limit int64) ([]byte, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.base+"/"+path, nil)
	if err != nil {
		return nil, final{fmt.Errorf("%w: %w", ErrUnreachable, err)}
	}
	request.Header.Set("User-Agent", userAgent)
	response, err := w.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if err := status(response.StatusCode, path); err != nil {
		return nil, err
	}
	if response.ContentLength > limit {
		return nil, final{fmt.Errorf("cannot fetch %s: %w: %d bytes, at most %d", path, ErrTooLong, response.ContentLength, limit)}
	}
	// A transfer that stands still is broken; one that crawls is not.
	watchdog := time.AfterFunc(w.stall, cancel)
	defer watchdog.Stop()
	return w.read(ctx, &pulse{response.Body, watchdog, w.stall}, path, limit, response.ContentLength)
}

func status(code int, path string) error {
	switch {
	case code == http.StatusOK:
		return nil
	case code == http.StatusNotFound || code == http.StatusGone:
		return final{fmt.Errorf("%w: %s", trust.ErrNotFound, path)}
	case code == http.StatusTooManyRequests || code == http.StatusRequestTimeout || code >= 500:
		return fmt.Errorf("the server answers %d for %s", code, path)
	}
	return final{fmt.Errorf("%w: the server answers %d for %s", ErrUnreachable, code, path)}
}

// pulse keeps the watchdog quiet while bytes come.
type pulse struct {
	io.Reader
	watchdog *time.Timer
	stall    time.Duration
}

func (p *pulse) Read(to []byte) (int, error) {
	n, err := p.Reader.Read(to)
	if n > 0 {
		p.watchdog.Reset(p.stall)
	}
	return n, err
}

// during waits for something else than the server, whose silence does not count meanwhile.
func (p *pulse) during(wait func() error) error {
	p.watchdog.Stop()
	defer p.watchdog.Reset(p.stall)
	return wait()
}

// read reads a body of at most limit bytes, into memory of its announced size.
func (w *web) read(ctx context.Context, body *pulse, path string, limit, announced int64) ([]byte, error) {
	data := make([]byte, 0, max(announced, 4<<10)+1)
	for {
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
		n, err := body.Read(data[len(data):min(cap(data), len(data)+burst)])
		data = data[:len(data)+n]
		if int64(len(data)) > limit {
			return nil, final{fmt.Errorf("cannot fetch %s: %w: more than %d bytes", path, ErrTooLong, limit)}
		}
		if w.limit != nil && n > 0 {
			if err := body.during(func() error { return w.limit.WaitN(ctx, n) }); err != nil {
				return nil, err
			}
		}
		if errors.Is(err, io.EOF) {
			return data, nil
		}
		if err != nil {
			return nil, fmt.Errorf("cannot fetch %s: %w", path, err)
		}
	}
}
