package config

// A schema is the part of a JSON Schema that our keys need.
type schema struct {
	never   bool // no value is valid
	boolean bool
	pattern string // of a string, or of each string in a list
	list    bool
	integer bool // an integer from min to max is valid as well as the string
	min     int64
	max     int64
}

func boolean() schema { return schema{boolean: true} }

func pattern(p string) schema { return schema{pattern: p} }

func listOf(p string) schema { return schema{pattern: p, list: true} }

func integerOr(p string, from, to int64) schema {
	return schema{pattern: p, integer: true, min: from, max: to}
}
