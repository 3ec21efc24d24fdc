package validators_test

import "testing"

// BenchmarkExchange checks the same exchanges with each tool, request and answer, without a
// network.
func BenchmarkExchange(b *testing.B) {
	for _, each := range []struct {
		name     string
		exchange exchange
	}{
		{"list", list()}, {"create", create()}, {"generate", generate()},
	} {
		for _, tool := range tools() {
			b.Run("exchange="+each.name+"/tool="+tool.name, func(b *testing.B) {
				check, p := tool.ready(b), each.exchange.play(b)
				b.ReportAllocs()
				for b.Loop() {
					if err := check(p.again()); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
