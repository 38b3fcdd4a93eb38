module resinos.io/tools

go 1.26.0
