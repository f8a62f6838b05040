using System.Text.Json;
using System.Text.RegularExpressions;
using Broker.Tests.Running;

namespace Broker.Tests.Metrics;

/// <summary>The dashboard and the alert rules ask for series that <c>/metrics</c> really tells, by labels that they really have.</summary>
public sealed partial class DeployTests
{
    // What Prometheus adds itself.
    private static readonly string[] OwnLabels = ["instance", "job", "le"];

    [Fact]
    public async Task The_dashboards_queries_name_what_is_exported()
    {
        using JsonDocument dashboard = JsonDocument.Parse(await File.ReadAllTextAsync(Solution.PathOf("deploy/grafana/broker.json")));
        string[] queries = [.. StringsOf(dashboard.RootElement, "expr"), .. StringsOf(dashboard.RootElement, "definition")];
        Assert.True(queries.Length > 30);
        await AssertKnownAsync(queries);
        int[] ids = [.. dashboard.RootElement.GetProperty("panels").EnumerateArray().Select(panel => panel.GetProperty("id").GetInt32())];
        Assert.Equal(ids.Distinct(), ids);
    }

    [Fact]
    public async Task The_alerts_queries_name_what_is_exported()
    {
        string[] lines = await File.ReadAllLinesAsync(Solution.PathOf("deploy/prometheus/alerts.yml"));
        string[] names = [.. lines.Where(line => line.Contains("- alert: ", StringComparison.Ordinal)).Select(line => line.Split(": ")[1])];
        string[] queries = [.. lines.Select(line => Expression().Match(line)).Where(match => match.Success).Select(match => match.Groups[1].Value)];
        Assert.Equal(names.Length, queries.Length);
        Assert.Equal(names.Distinct(), names);
        Assert.True(names.Length > 10);
        // Whether a broker answers at all Prometheus knows by itself.
        await AssertKnownAsync(queries.Where(query => !query.StartsWith("up{", StringComparison.Ordinal)));
    }

    [GeneratedRegex(@"^\s+expr: '(.*)'$")]
    private static partial Regex Expression();

    [GeneratedRegex(@"\b(?:broker|dotnet|orleans|process)_[a-z0-9_]+")]
    private static partial Regex Name();

    [GeneratedRegex(@"\b((?:broker|dotnet|orleans)_[a-z0-9_]+)(?:\{([^}]*)\})?")]
    private static partial Regex Selector();

    [GeneratedRegex(@"by \(([^)]*)\)")]
    private static partial Regex Grouping();

    [GeneratedRegex("\"[^\"]*\"")]
    private static partial Regex Quoted();

    private static async Task AssertKnownAsync(IEnumerable<string> queries)
    {
        ParsedMetrics metrics = await ExportedMetrics.TakeAsync(isOpenMetrics: false);
        string[] names = [.. metrics.Names];
        foreach (string query in queries)
        {
            string[] asked = [.. Name().Matches(Quoted().Replace(query, "\"\"")).Select(match => match.Value)];
            Assert.True(asked.Length > 0, $"asks for nothing of a broker: {query}");
            Assert.All(asked, name => Assert.Contains(name, names));
            string[] labels = [.. asked.SelectMany(name => metrics.Matching(name)).SelectMany(sample => sample.Labels).Select(label => label.Name).Distinct(), .. OwnLabels];
            foreach (Match selector in Selector().Matches(query))
                AssertLabels(query, Quoted().Replace(selector.Groups[2].Value, "").Split(',', StringSplitOptions.RemoveEmptyEntries).Select(label => label.TrimEnd('=', '~', '!')), labels);
            foreach (Match grouping in Grouping().Matches(query))
                AssertLabels(query, grouping.Groups[1].Value.Split(", "), labels);
        }
    }

    private static void AssertLabels(string query, IEnumerable<string> asked, string[] labels) =>
        Assert.All(asked, label => Assert.True(labels.Contains(label), $"no series here has the label {label}: {query}"));

    private static IEnumerable<string> StringsOf(JsonElement element, string name) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(property => property.Name == name && property.Value.ValueKind == JsonValueKind.String
            ? [property.Value.GetString()!]
            : StringsOf(property.Value, name)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(item => StringsOf(item, name)),
        _ => [],
    };
}
