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
	least float64 // top of the scale: it is never lower
}

const (
	width  = 36 * vg.Centimeter
	height = 7 * vg.Centimeter // of a panel
	legend = vg.Centimeter     // height of the legend, above them
)

// render draws all panels, one below the other.
func render(file, format string, panels []panel, results []result) error {
	canvas, err := draw.NewFormattedCanvas(width, legend+height*vg.Length(len(panels)), format)
	if err != nil {
		return err
	}
	tiles := draw.Tiles{Rows: len(panels), Cols: 1, PadTop: 4, PadBottom: 4, PadLeft: 4, PadRight: 4, PadY: 8}
	all := draw.New(canvas)
	explain(draw.Crop(all, 0, 0, height*vg.Length(len(panels)), 0), results)
	below := draw.Crop(all, 0, 0, 0, -legend)
	for i, p := range panels {
		picture, err := p.plot(results)
		if err != nil {
			return err
		}
		picture.Draw(tiles.At(below, 0, i))
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

// shade is a policy's color. heald's, the last one, stands out.
func shade(policy, policies int) color.Color {
	if policy == policies-1 {
		return color.Black
	}
	return plotutil.SoftColors[policy%len(plotutil.SoftColors)]
}

// explain draws the legend: the policies in a row.
func explain(c draw.Canvas, results []result) {
	c.FillPolygon(color.White, []vg.Point{c.Min, {X: c.Max.X, Y: c.Min.Y}, c.Max, {X: c.Min.X, Y: c.Max.Y}})
	policies := names(results, func(r result) string { return r.Policy })
	for n, policy := range policies {
		one := plot.NewLegend()
		one.Top, one.Left = true, true
		one.Add(policy, &plotter.BarChart{Color: shade(n, len(policies))})
		step := c.Size().X / vg.Length(len(policies))
		one.Draw(draw.Crop(c, step*vg.Length(n)+vg.Centimeter, 0, 0, -vg.Centimeter/4))
	}
}

// plot draws bars: for each scenario one of each policy.
func (p panel) plot(results []result) (*plot.Plot, error) {
	scenarios := names(results, func(r result) string { return r.Scenario })
	policies := names(results, func(r result) string { return r.Policy })
	picture := plot.New()
	picture.Title.Text = p.title
	picture.BackgroundColor = color.White
	picture.Y.Min, picture.Y.Max = 0, p.least
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
		bars.Color, bars.LineStyle.Width = shade(n, len(policies)), 0
		bars.Offset = bar * (vg.Length(n) - vg.Length(len(policies)-1)/2)
		picture.Add(bars)
	}
	return picture, nil
}
