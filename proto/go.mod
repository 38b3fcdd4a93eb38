module resinos.io/proto

go 1.26.0
