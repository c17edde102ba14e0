package config

// Locate is locate, for the tests.
var Locate = locate
