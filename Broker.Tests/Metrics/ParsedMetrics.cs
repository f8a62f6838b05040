using System.Globalization;
using System.Text.RegularExpressions;

namespace Broker.Tests.Metrics;

/// <summary>
/// Series in Prometheus' text format 0.0.4 or in OpenMetrics 1.0, read by the letter: whatever one of the two forbids fails, although
/// Prometheus itself would let much of it pass.
/// </summary>
internal sealed partial class ParsedMetrics
{
    private static readonly string[] Types = ["counter", "gauge", "histogram"];

    private readonly bool _isOpenMetrics;
    private readonly Dictionary<string, Family> _families = [];
    private readonly Dictionary<string, double> _series = [];
    private Family? _current;

    private ParsedMetrics(bool isOpenMetrics) => _isOpenMetrics = isOpenMetrics;

    /// <summary>Families by the name in their TYPE.</summary>
    public IReadOnlyDictionary<string, Family> Families => _families;

    /// <summary>Values by series: name and labels as they were written.</summary>
    public IReadOnlyDictionary<string, double> Series => _series;

    /// <summary>Names of the series, without labels.</summary>
    public IEnumerable<string> Names => _families.Values.SelectMany(family => family.Samples).Select(sample => sample.Name).Distinct();

    /// <summary>Reads a whole answer.</summary>
    public static ParsedMetrics Parse(string text, bool isOpenMetrics)
    {
        ParsedMetrics metrics = new(isOpenMetrics);
        Assert.EndsWith("\n", text);
        Assert.DoesNotContain('\r', text);
        string[] lines = text[..^1].Split('\n');
        if (isOpenMetrics)
        {
            Assert.Equal("# EOF", lines[^1]);
            lines = lines[..^1];
        }

        foreach (string line in lines)
            metrics.Take(line);
        foreach (Family family in metrics._families.Values)
            family.Check(isOpenMetrics);
        // No series may look as if it were another family's.
        foreach (string suffix in (string[])["_total", "_bucket", "_sum", "_count", "_info", "_created"])
            Assert.All(metrics._families.Keys, name => Assert.False(metrics._families.ContainsKey(name + suffix), $"{name + suffix} looks like a part of {name}"));
        return metrics;
    }

    /// <summary>The value of the only series of this name with these labels among its labels.</summary>
    public double Value(string name, params (string Name, string Value)[] labels) => Matching(name, labels).Single().Value;

    /// <summary>Sum over the series of this name with these labels.</summary>
    public double Sum(string name, params (string Name, string Value)[] labels) => Matching(name, labels).Sum(sample => sample.Value);

    /// <summary>The series of this name with these labels among theirs.</summary>
    public IEnumerable<Sample> Matching(string name, params (string Name, string Value)[] labels) =>
        _families.Values.SelectMany(family => family.Samples)
            .Where(sample => sample.Name == name && labels.All(label => sample.Labels.Any(own => own == label)));

    /// <summary>Asserts that whatever may only grow has not shrunk since an earlier answer.</summary>
    public void AssertGrownSince(ParsedMetrics earlier)
    {
        foreach (Family family in earlier._families.Values.Where(family => family.Type is "counter" or "histogram"))
        {
            foreach (Sample sample in family.Samples)
            {
                Assert.True(_series.TryGetValue(sample.Key, out double now), $"{sample.Key} is gone");
                Assert.True(now >= sample.Value, $"{sample.Key} fell from {sample.Value} to {now}");
            }
        }
    }

    [GeneratedRegex("^[a-zA-Z_:][a-zA-Z0-9_:]*$")]
    private static partial Regex MetricNameForm();

    [GeneratedRegex("^[a-zA-Z_][a-zA-Z0-9_]*$")]
    private static partial Regex LabelNameForm();

    [GeneratedRegex(@"^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]Inf|NaN)$")]
    private static partial Regex NumberForm();

    private void Take(string line)
    {
        Assert.False(line.Length == 0, "an empty line");
        Assert.False(_isOpenMetrics && line == "# EOF", "something follows # EOF");
        if (line[0] != '#')
        {
            TakeSample(line);
            return;
        }

        string[] parts = line.Split(' ', 4);
        Assert.True(parts.Length >= 3 && parts[0] == "#", $"no metadata: {line}");
        string name = parts[2];
        Assert.Matches(MetricNameForm(), name);
        if (_current?.Name != name)
        {
            Assert.False(_families.ContainsKey(name), $"the family {name} is not in one piece");
            _families.Add(name, _current = new Family(name));
        }

        Assert.True(_current.Samples.Count == 0, $"metadata behind samples: {line}");
        switch (parts[1])
        {
            case "HELP":
                Assert.True(_current.Help is null, $"a second HELP: {line}");
                _current.Help = Unescape(parts.Length > 3 ? parts[3] : "", quotes: _isOpenMetrics);
                break;
            case "TYPE":
                Assert.True(_current.Type is null, $"a second TYPE: {line}");
                Assert.Contains(parts[3], Types);
                _current.Type = parts[3];
                break;
            case "UNIT":
                Assert.True(_isOpenMetrics, "UNIT is not part of the classic format");
                Assert.True(_current.Unit is null, $"a second UNIT: {line}");
                Assert.EndsWith("_" + parts[3], name);
                _current.Unit = parts[3];
                break;
            default:
                Assert.Fail($"a comment: {line}");
                break;
        }
    }

    private void TakeSample(string line)
    {
        int end = line.IndexOfAny(['{', ' ']);
        Assert.True(end > 0, $"no sample: {line}");
        string name = line[..end];
        Assert.Matches(MetricNameForm(), name);
        int position = end;
        List<(string Name, string Value)> labels = [];
        if (line[position] == '{')
            position = TakeLabels(line, position + 1, labels);
        Assert.Equal(' ', line[position]);
        string value = line[(position + 1)..];
        Assert.Matches(NumberForm(), value);
        Assert.True(labels.Select(label => label.Name).Distinct().Count() == labels.Count, $"a label twice: {line}");
        Assert.True(_current is { Type: not null, Help: not null }, $"no TYPE and HELP before {line}");
        Assert.True(_current.Owns(name, _isOpenMetrics), $"{name} does not belong to {_current.Name}, a {_current.Type}");
        string key = line[..position];
        Assert.True(_series.TryAdd(key, Number(value)), $"twice: {key}");
        Assert.True(_current.Keys.Add(name + "|" + string.Join(',', labels.Order())), $"the same labels twice: {key}");
        _current.Samples.Add(new Sample(name, labels, key, Number(value)));
    }

    private static int TakeLabels(string line, int position, List<(string Name, string Value)> labels)
    {
        while (line[position] != '}')
        {
            int equals = line.IndexOf('=', position);
            string name = line[position..equals];
            Assert.Matches(LabelNameForm(), name);
            Assert.False(name.StartsWith("__", StringComparison.Ordinal), $"a reserved label: {line}");
            Assert.Equal('"', line[equals + 1]);
            int end = equals + 2;
            while (line[end] != '"')
                end += line[end] == '\\' ? 2 : 1;
            labels.Add((name, Unescape(line[(equals + 2)..end], quotes: true)));
            position = end + 1;
            if (line[position] == ',')
                Assert.NotEqual('}', line[++position]);
        }

        return position + 1;
    }

    private static string Unescape(string text, bool quotes)
    {
        System.Text.StringBuilder plain = new();
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                plain.Append(text[i]);
                continue;
            }

            char escaped = text[++i];
            Assert.True(escaped is '\\' or 'n' || (quotes && escaped == '"'), $"an escape that there is not: {text}");
            plain.Append(escaped == 'n' ? '\n' : escaped);
        }

        return plain.ToString();
    }

    private static double Number(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture),
    };

    /// <summary>One series.</summary>
    public sealed record Sample(string Name, IReadOnlyList<(string Name, string Value)> Labels, string Key, double Value);

    /// <summary>All series under one TYPE.</summary>
    public sealed class Family(string name)
    {
        public string Name => name;

        public string? Help { get; set; }

        public string? Type { get; set; }

        public string? Unit { get; set; }

        public List<Sample> Samples { get; } = [];

        public HashSet<string> Keys { get; } = [];

        public bool Owns(string sample, bool isOpenMetrics) => Type switch
        {
            "counter" => isOpenMetrics ? sample == name + "_total" : sample == name,
            "histogram" => sample == name + "_bucket" || sample == name + "_sum" || sample == name + "_count",
            _ => sample == name,
        };

        public void Check(bool isOpenMetrics)
        {
            Assert.True(Samples.Count > 0, $"{name} has no samples");
            Assert.False(string.IsNullOrWhiteSpace(Help), $"{name} has no HELP");
            if (Type == "counter")
            {
                Assert.Equal(!isOpenMetrics, name.EndsWith("_total", StringComparison.Ordinal));
                Assert.All(Samples, sample => Assert.True(sample.Value >= 0, $"{sample.Key} is below 0"));
            }
            else
            {
                Assert.False(name.EndsWith("_total", StringComparison.Ordinal), $"{name} is no counter");
            }

            if (Type == "histogram")
            {
                foreach (IGrouping<string, Sample> histogram in Samples.GroupBy(LabelsButBound))
                    CheckHistogram([.. histogram], isOpenMetrics);
            }
            else
            {
                Assert.All(Samples, sample => Assert.DoesNotContain(sample.Labels, label => label.Name == "le"));
            }
        }

        private static string LabelsButBound(Sample sample) => string.Join(',', sample.Labels.Where(label => label.Name != "le").Order());

        private void CheckHistogram(Sample[] samples, bool isOpenMetrics)
        {
            Sample[] buckets = [.. samples.TakeWhile(sample => sample.Name == name + "_bucket")];
            Assert.True(buckets.Length > 0, $"{name} has no buckets");
            Assert.Equal([name + "_sum", name + "_count"], samples[buckets.Length..].Select(sample => sample.Name));
            string[] bounds = [.. buckets.Select(bucket => bucket.Labels.Single(label => label.Name == "le").Value)];
            Assert.Equal("+Inf", bounds[^1]);
            double[] numbers = [.. bounds.Select(Number)];
            Assert.Equal(numbers.Distinct().Order(), numbers);
            if (isOpenMetrics)
                Assert.All(bounds[..^1], bound => Assert.True(bound.AsSpan().ContainsAny('.', 'e', 'E'), $"{bound} is no floating point number"));
            Assert.Equal(buckets.Select(bucket => bucket.Value).Order(), buckets.Select(bucket => bucket.Value));
            Assert.Equal(samples[^1].Value, buckets[^1].Value);
        }
    }
}
