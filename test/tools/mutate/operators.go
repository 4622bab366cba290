package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
)

// swapped are the operators that are mistaken for each other.
var swapped = map[token.Token]token.Token{
	token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR,
	token.EQL: token.NEQ, token.NEQ: token.EQL,
	token.LAND: token.LOR, token.LOR: token.LAND,
	token.ADD: token.SUB, token.SUB: token.ADD, token.MUL: token.QUO, token.QUO: token.MUL,
	token.AND: token.OR, token.OR: token.AND, token.AND_NOT: token.AND, token.SHL: token.SHR, token.SHR: token.SHL,
	token.ADD_ASSIGN: token.SUB_ASSIGN, token.SUB_ASSIGN: token.ADD_ASSIGN,
	token.OR_ASSIGN: token.AND_ASSIGN, token.AND_ASSIGN: token.OR_ASSIGN,
	token.INC: token.DEC, token.DEC: token.INC, token.BREAK: token.CONTINUE, token.CONTINUE: token.BREAK,
}

// renamed are the predeclared names that are mistaken for each other.
var renamed = map[string]string{"true": "false", "false": "true", "min": "max", "max": "min"}

// finder collects the mutants of one file.
type finder struct {
	file   string
	source []byte
	fset   *token.FileSet
	out    []*mutant
}

// mutants are all mistakes that can be made in a file. Some may not compile.
func mutants(file string, source []byte) ([]*mutant, error) {
	f := &finder{file: file, source: source, fset: token.NewFileSet()}
	tree, err := parser.ParseFile(f.fset, file, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, d := range tree.Decls {
		if g, ok := d.(*ast.GenDecl); ok && (g.Tok == token.IMPORT || g.Tok == token.TYPE) {
			continue
		}
		ast.Inspect(d, f.visit)
	}
	return f.out, nil
}

func (f *finder) offset(p token.Pos) int { return f.fset.Position(p).Offset }

func (f *finder) text(n ast.Node) string {
	return string(f.source[f.offset(n.Pos()):f.offset(n.End())])
}

func (f *finder) add(what string, from, to token.Pos, text string) {
	if string(f.source[f.offset(from):f.offset(to)]) == text {
		return
	}
	f.out = append(f.out, &mutant{file: f.file, source: f.source, start: f.offset(from), end: f.offset(to), text: text, what: what})
}

// swap replaces the operator at p.
func (f *finder) swap(p token.Pos, op token.Token) {
	if other, ok := swapped[op]; ok {
		f.add("swap", p, p+token.Pos(len(op.String())), other.String())
	}
}

func (f *finder) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.StructType:
		return false // tags are no constants
	case *ast.IfStmt:
		f.negate(n.Cond)
		f.empty(n.Body)
	case *ast.ForStmt:
		f.negate(n.Cond)
	case *ast.RangeStmt:
		f.empty(n.Body)
	case *ast.SwitchStmt:
		f.cases(n.Body, n.Tag == nil)
	case *ast.TypeSwitchStmt:
		f.cases(n.Body, false)
	case *ast.BlockStmt:
		f.drop(n.List)
	case *ast.CaseClause:
		f.drop(n.Body)
	case *ast.CommClause:
		f.drop(n.Body)
	case *ast.BinaryExpr:
		f.binary(n)
	case *ast.CallExpr:
		f.compared(n)
	case *ast.AssignStmt:
		f.swap(n.TokPos, n.Tok)
	case *ast.IncDecStmt:
		f.swap(n.TokPos, n.Tok)
	case *ast.BranchStmt:
		if n.Label == nil {
			f.swap(n.Pos(), n.Tok)
		}
	case *ast.BasicLit:
		f.number(n)
	case *ast.Ident:
		if other, ok := renamed[n.Name]; ok {
			f.add("swap", n.Pos(), n.End(), other)
		}
	case *ast.ReturnStmt:
		f.exchange(n)
	}
	return true
}

func (f *finder) negate(cond ast.Expr) {
	if cond != nil {
		f.add("negate", cond.Pos(), cond.End(), "!("+f.text(cond)+")")
	}
}

// empty removes what a block does.
func (f *finder) empty(b *ast.BlockStmt) {
	if len(b.List) > 1 { // a single statement is dropped by drop, unless it returns
		f.add("empty", b.Lbrace+1, b.Rbrace, "")
	}
}

// cases negates the conditions of a switch without a tag, changes the texts of
// one with, and empties both.
func (f *finder) cases(b *ast.BlockStmt, conditions bool) {
	for _, s := range b.List {
		c := s.(*ast.CaseClause)
		for _, e := range c.List {
			if conditions {
				f.negate(e)
			} else {
				f.word(e)
			}
		}
		if len(c.Body) > 0 {
			f.add("empty", c.Colon+1, c.Body[len(c.Body)-1].End(), "")
		}
	}
}

// drop removes statements that only have an effect, and early ends.
func (f *finder) drop(list []ast.Stmt) {
	for i, s := range list {
		switch s := s.(type) {
		case *ast.ExprStmt, *ast.IncDecStmt, *ast.DeferStmt, *ast.SendStmt, *ast.BranchStmt:
			f.add("drop", s.Pos(), s.End(), "")
		case *ast.AssignStmt:
			if s.Tok == token.ASSIGN && len(s.Lhs) == 1 {
				f.add("drop", s.Pos(), s.End(), "_ = "+f.text(s.Rhs[0]))
			} else if s.Tok != token.DEFINE && s.Tok != token.ASSIGN {
				f.add("drop", s.Pos(), s.End(), "_ = "+f.text(s.Rhs[0]))
			}
		case *ast.ReturnStmt:
			if len(list) == 1 || i < len(list)-1 || len(s.Results) == 0 {
				f.add("drop", s.Pos(), s.End(), "")
			}
		}
	}
}

// binary swaps an operator, and drops either side of a conjunction.
func (f *finder) binary(n *ast.BinaryExpr) {
	f.swap(n.OpPos, n.Op)
	switch n.Op {
	case token.LAND, token.LOR:
		f.add("drop", n.Pos(), n.End(), f.text(n.X))
		f.add("drop", n.Pos(), n.End(), f.text(n.Y))
	case token.EQL, token.NEQ:
		f.word(n.X)
		f.word(n.Y)
	}
}

// compared changes the texts that package strings or bytes looks for.
func (f *finder) compared(n *ast.CallExpr) {
	sel, ok := n.Fun.(*ast.SelectorExpr)
	if !ok {
		return
	}
	if pkg, ok := sel.X.(*ast.Ident); !ok || pkg.Name != "strings" && pkg.Name != "bytes" || sel.Sel.Name == "Join" {
		return
	}
	for _, a := range n.Args {
		f.word(a)
	}
}

// word changes a text that is compared with.
func (f *finder) word(e ast.Expr) {
	if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
		if s, err := strconv.Unquote(lit.Value); err == nil && s != "" {
			f.add("text", lit.Pos(), lit.End(), strconv.Quote(s+"~"))
		}
	}
}

// number changes a whole number by one.
func (f *finder) number(n *ast.BasicLit) {
	if n.Kind != token.INT {
		return
	}
	if v, err := strconv.ParseInt(n.Value, 0, 64); err == nil {
		f.add("number", n.Pos(), n.End(), strconv.FormatInt(v+1, 10))
		f.add("number", n.Pos(), n.End(), strconv.FormatInt(v-1, 10))
	}
}

// exchange swaps the first two values that are returned; it compiles where they
// are of one type.
func (f *finder) exchange(n *ast.ReturnStmt) {
	if len(n.Results) < 2 {
		return
	}
	x, y := n.Results[0], n.Results[1]
	if a, b := f.text(x), f.text(y); a != b {
		f.add("exchange", x.Pos(), y.End(), b+string(f.source[f.offset(x.End()):f.offset(y.Pos())])+a)
	}
}
