package config

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// parseWindow reads HH:MM-HH:MM.
func parseWindow(s string) (*Window, error) {
	from, to, ok := strings.Cut(s, "-")
	start, err1 := time.Parse("15:04", from)
	end, err2 := time.Parse("15:04", to)
	if !ok || len(from) != 5 || len(to) != 5 || err1 != nil || err2 != nil {
		return nil, invalid("it must be HH:MM-HH:MM")
	}
	clock := func(t time.Time) time.Duration {
		return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
	}
	return &Window{clock(start), clock(end)}, nil
}

// parseSize reads digits with an optional K, M, G or T (powers of 1024).
func parseSize(s string) (uint64, error) {
	digits := strings.TrimRight(s, "KMGT")
	shift := 0
	if suffix := s[len(digits):]; len(suffix) > 1 {
		return 0, invalid("it must be a size such as 8M")
	} else if suffix != "" {
		shift = 10 * (strings.Index("KMGT", suffix) + 1)
	}
	n, err := parseDigits(digits, 16)
	if err != nil || n > math.MaxInt64>>shift {
		return 0, invalid("it must be a size such as 8M")
	}
	return n << shift, nil
}

// parseDigits reads a decimal number from 1 of at most width digits.
func parseDigits(s string, width int) (uint64, error) {
	if s == "" || len(s) > width || s[0] == '0' || !consistsOf(s, isDigit) {
		return 0, invalid("it must be a number from 1 of at most %d digits", width)
	}
	return strconv.ParseUint(s, 10, 64)
}
