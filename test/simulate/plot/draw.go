package main

import (
	"image/color"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// panel is one measure of all policies in all scenarios.
type panel struct {
	title string
	value func(result) float64
	most  float64 // of the scale; 0 fits
}

const (
	width  = 36 * vg.Centimeter
	height = 7 * vg.Centimeter // of a panel
)

// render draws all panels, one below the other.
func render(file, format string, panels []panel, results []result) error {
	canvas, err := draw.NewFormattedCanvas(width, height*vg.Length(len(panels)), format)
	if err != nil {
		return err
	}
	tiles := draw.Tiles{Rows: len(panels), Cols: 1, PadTop: 4, PadBottom: 4, PadLeft: 4, PadRight: 4, PadY: 8}
	all := draw.New(canvas)
	for i, p := range panels {
		picture, err := p.plot(results, i == 0)
		if err != nil {
			return err
		}
		picture.Draw(tiles.At(all, 0, i))
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	if _, err := canvas.WriteTo(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// plot draws bars: for each scenario one of each policy.
func (p panel) plot(results []result, legend bool) (*plot.Plot, error) {
	scenarios := names(results, func(r result) string { return r.Scenario })
	policies := names(results, func(r result) string { return r.Policy })
	picture := plot.New()
	picture.Title.Text = p.title
	picture.BackgroundColor = color.White
	picture.Y.Min, picture.Y.Max = 0, p.most
	picture.NominalX(scenarios...)
	picture.X.Tick.Label.Rotation = 0.4
	picture.X.Tick.Label.XAlign, picture.X.Tick.Label.YAlign = draw.XRight, draw.YTop
	picture.Add(plotter.NewGrid())
	bar := 0.8 * (width - 2*vg.Centimeter) / vg.Length(len(scenarios)*len(policies))
	for n, policy := range policies {
		values := make(plotter.Values, len(scenarios))
		for i, scenario := range scenarios {
			for _, r := range results {
				if r.Scenario == scenario && r.Policy == policy {
					values[i] = p.value(r)
				}
			}
		}
		bars, err := plotter.NewBarChart(values, bar)
		if err != nil {
			return nil, err
		}
		bars.Color, bars.LineStyle.Width = plotutil.SoftColors[n%len(plotutil.SoftColors)], 0
		if n == len(policies)-1 {
			bars.Color = color.Black // heald's own stand out
		}
		bars.Offset = bar * (vg.Length(n) - vg.Length(len(policies)-1)/2)
		picture.Add(bars)
		if legend {
			picture.Legend.Add(policy, bars)
			picture.Legend.Top, picture.Legend.Left = true, true
		}
	}
	if legend {
		picture.Y.Max = p.most * 1.4 // room for the legend
	}
	return picture, nil
}
