//go:build unix

package tryout

// Campaign is Run on servers that are there.
var Campaign = campaign
