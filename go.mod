module payrecon

go 1.26.0

require github.com/govalues/decimal v0.1.36
