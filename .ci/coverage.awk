# Reads a profile of `go test -coverpkg`, in which every test binary lists every block, and
# prints the statement coverage of each package and of all. Fails below `minimum` percent.
NR == 1 { next }

{
	statements[$1] = $2
	if ($3 > 0) covered[$1] = 1
}

END {
	for (block in statements) {
		package = block
		sub(/\/[^\/]*$/, "", package)
		all[package] += statements[block]
		total += statements[block]
		if (block in covered) {
			hit[package] += statements[block]
			totalHit += statements[block]
		}
	}
	if (total == 0) { print "no statements in the coverage profile"; exit 1 }
	for (package in all) printf "%6.1f %%  %s\n", 100 * hit[package] / all[package], package | "sort -k3"
	close("sort -k3")
	percent = 100 * totalHit / total
	printf "%6.1f %%  total, %d of %d statements\n", percent, totalHit, total
	if (percent < minimum) { printf "below %s %%\n", minimum; exit 1 }
}
