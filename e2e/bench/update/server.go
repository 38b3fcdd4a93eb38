package main

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// A server gives the files of a folder on loopback, and counts.
type server struct {
	url   string
	bytes atomic.Int64
	http  http.Server
}

func serve(ctx context.Context, dir string) (*server, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &server{url: "http://" + listener.Addr().String()}
	s.http = http.Server{Handler: http.FileServer(http.Dir(dir)), ReadHeaderTimeout: time.Minute}
	go func() { _ = s.http.Serve(counting{listener, s}) }() // it ends when close is called
	return s, nil
}

func (s *server) close() { s.http.Close() }

// counting counts what is sent on every connection, headers included.
type counting struct {
	net.Listener
	*server
}

func (c counting) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	return counted{conn, &c.bytes}, err
}

type counted struct {
	net.Conn
	bytes *atomic.Int64
}

func (c counted) Write(data []byte) (int, error) {
	n, err := c.Conn.Write(data)
	c.bytes.Add(int64(n))
	return n, err
}
