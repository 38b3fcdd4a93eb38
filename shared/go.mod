module resinos.io/shared

go 1.26.0
