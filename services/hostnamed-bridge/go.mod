module resinos.io/services/hostnamed-bridge

go 1.26.0
