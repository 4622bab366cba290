package account

import "math"

// fadeSteps is how finely fadings divides a half-life; straight lines between
// the steps are within 0.002 % of the curve.
const fadeSteps = 64

// fadings are the weights within one half-life. They stand in a table because
// every group's health is read for every request, and math.Exp2 would be most of
// what that costs.
var fadings = func() (t [fadeSteps + 2]float64) {
	for i := range t {
		t[i] = math.Exp2(-float64(i) / fadeSteps)
	}
	return t
}()

// fade is the weight of an outcome of this age in nanoseconds: half after
// healthHalfLife, a quarter after two. A clock that goes backwards counts as
// stopped.
func fade(age int64) float64 {
	x := float64(age) * (1 / float64(healthHalfLife))
	if x <= 0 {
		return 1
	}
	if x > 50 { // nothing is left; also since 1970
		return 0
	}
	whole := int(x)
	x = (x - float64(whole)) * fadeSteps
	i := int(x)
	f := fadings[i] + (x-float64(i))*(fadings[i+1]-fadings[i])
	return f / float64(uint64(1)<<whole)
}
