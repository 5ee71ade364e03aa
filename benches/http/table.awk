# The table of `run`. A line of input is: load, runtime, requests, requests a second, p50, p99,
# errors, the server's processor time in ticks. `ticks_a_second` is given.

{
    if (!($1 in seen)) {
        seen[$1] = 1
        loads[load_count++] = $1
    }
    add($1, $2, "rate", $4)
    add($1, $2, "p50", $5)
    add($1, $2, "p99", $6)
    add($1, $2, "processor", $8 / ticks_a_second * 1e6 / $3)
}

END {
    print "| load | | mainspring | tokio | ratio | rounds |"
    print "|---|---|---|---|---|---|"
    for (i = 0; i < load_count; i++) {
        row(loads[i], "rate", "requests a second", 1)
        row(loads[i], "p50", "p50, us", 0)
        row(loads[i], "p99", "p99, us", 0)
        row(loads[i], "processor", "processor time of the server for a request, us", 0)
    }
    print ""
    print "ratio: the median of the rounds' ratios, above 1 is better for Mainspring; rounds: the least and the greatest of them."
}

function add(load, runtime, what, value,    key) {
    key = load SUBSEP runtime SUBSEP what
    values[key, count[key]++] = value
}

# One line: medians, and the median, the least and the greatest of the rounds' ratios.
function row(load, what, title, more_is_better,    ours, theirs, ratios, n, i, ratio, least, greatest) {
    ours = load SUBSEP "mainspring" SUBSEP what
    theirs = load SUBSEP "tokio" SUBSEP what
    ratios = load SUBSEP "ratio" SUBSEP what
    n = count[ours] < count[theirs] ? count[ours] : count[theirs]
    if (!n) return
    for (i = 0; i < n; i++) {
        ratio = quotient(values[ours, i], values[theirs, i], more_is_better)
        add(load, "ratio", what, ratio)
        if (!i || ratio < least) least = ratio
        if (!i || ratio > greatest) greatest = ratio
    }
    printf "| %s | %s | %s | %s | %.2f | %.2f to %.2f |\n", load, title, number(median(ours)), number(median(theirs)), median(ratios), least, greatest
}

function quotient(ours, theirs, more_is_better) {
    if (more_is_better) return theirs ? ours / theirs : 0
    return ours ? theirs / ours : 0
}

function number(value) {
    return sprintf(value < 100 ? "%.1f" : "%.0f", value)
}

# Of all values of `key`, which are few.
function median(key,    n, i, j, sorted, value) {
    n = count[key]
    for (i = 0; i < n; i++) {
        value = values[key, i]
        for (j = i; j > 0 && sorted[j - 1] > value; j--) sorted[j] = sorted[j - 1]
        sorted[j] = value
    }
    return (sorted[int(n / 2)] + sorted[int((n - 1) / 2)]) / 2
}
