using System.Text.RegularExpressions;
using Broker.Gateway.Http.Metrics;
using Broker.Tests.Running;

namespace Broker.Tests.Metrics;

/// <summary><c>docs/metrics.md</c> says what <c>/metrics</c> tells: every name, kind, unit and label, and none besides.</summary>
public sealed partial class DocumentTests
{
    [Fact]
    public async Task The_document_and_metrics_agree()
    {
        ParsedMetrics classic = await ExportedMetrics.TakeAsync(isOpenMetrics: false);
        ParsedMetrics open = await ExportedMetrics.TakeAsync(isOpenMetrics: true);
        string[] exported =
        [
            .. classic.Families.Values.Select(family => string.Join(" | ", family.Name, family.Type, UnitOf(open, family), LabelsOf(family), family.Help)).Order(StringComparer.Ordinal),
        ];
        Match[] rows = Row().Matches(await File.ReadAllTextAsync(Solution.PathOf("docs/metrics.md"))).ToArray();
        string[] documented = [.. rows.Select(row => string.Join(" | ", row.Groups.Values.Skip(2).Select(group => group.Value.Trim()))).Order(StringComparer.Ordinal)];
        Assert.Equal(exported, documented);
        Assert.All(rows, row => Assert.Equal(
            row.Groups[2].Value, MetricName.Of(row.Groups[1].Value, row.Groups[4].Value.Trim()) + (row.Groups[3].Value == "counter" ? "_total" : "")));
    }

    [GeneratedRegex(@"^\| `([a-z0-9._-]+)` \| `([a-z0-9_]+)` \| (\w+) \|(.*?)\|(.*?)\| (.*) \|$", RegexOptions.Multiline)]
    private static partial Regex Row();

    private static string UnitOf(ParsedMetrics open, ParsedMetrics.Family family) =>
        open.Families[family.Type == "counter" ? family.Name[..^"_total".Length] : family.Name].Unit ?? "";

    private static string LabelsOf(ParsedMetrics.Family family) => string.Join(
        ", ", family.Samples.SelectMany(sample => sample.Labels).Select(label => label.Name).Where(name => name != "le").Distinct().Order(StringComparer.Ordinal));
}
