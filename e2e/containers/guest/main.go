// Guest is what runs in the tests' containers: alone in an image made from
// nothing, as uid 0 or another, with the host's /run/dbus mounted.
//
//	guest name              prints Hostname1.Hostname, read from the host's bus
//	guest rename NAME       calls Hostname1.SetHostname
//	guest resolve NAME      prints the addresses that the container's resolver gives
//	guest say TEXT          prints TEXT, then waits for its end
//	guest serve ADDRESS DIR serves the files of DIR over HTTP
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"

	"resinos.io/proto/hostname1"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := do(ctx, os.Args[1], os.Args[2:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:gocritic // nothing is left to stop
	}
	fmt.Println(out)
	if os.Args[1] == "say" {
		select {}
	}
}

func do(ctx context.Context, what string, arguments []string) (string, error) {
	switch what {
	case "say":
		return strings.Join(arguments, " "), nil
	case "resolve":
		addresses, err := net.DefaultResolver.LookupHost(ctx, arguments[0])
		return strings.Join(addresses, " "), err
	case "serve":
		server := &http.Server{Addr: arguments[0], Handler: http.FileServer(http.Dir(arguments[1])), ReadHeaderTimeout: time.Minute}
		return "", server.ListenAndServe()
	}
	conn, err := dbus.ConnectSystemBus(dbus.WithContext(ctx))
	if err != nil {
		return "", err
	}
	defer conn.Close()
	object := conn.Object(hostname1.BusName, hostname1.Path)
	if what == "rename" {
		return "", object.CallWithContext(ctx, hostname1.Interface+"."+hostname1.MethodSetHostname, 0,
			arguments[0], map[string]dbus.Variant{}).Err
	}
	name, err := object.GetProperty(hostname1.Interface + "." + hostname1.PropertyHostname)
	return fmt.Sprint(name.Value()), err
}
