// Package price says what an attempt costs.
//
// A Table joins two lists: the built-in one (prices.json, which names its source
// and the day on which it was read) and the owner's, from heald.yaml. Of a model
// that both have, the owner's holds alone. A list has for each model the periods
// in which its prices hold, in each the service tiers, in each of those prices
// for input, cached input and output, where they differ by modality, and for
// prompts above 200,000 tokens.
//
// Money is counted in integers. Google's prices go down to fractions of a
// billionth per token ($0.0125 per million), so prices are kept in trillionths
// per token, which is the same as millionths per million tokens, and only the
// sum of an attempt is rounded, to billionths.
//
// What is not in the list has no price: its cost is unknown, never 0. Storage of
// explicit caches, searches of grounding and other things that are not billed by
// token are not counted, nor are the surcharges of regions.
package price
