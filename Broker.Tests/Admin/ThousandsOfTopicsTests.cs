using System.Diagnostics;
using System.Net;
using Broker.Admin;
using Broker.Tests.Running;
using Microsoft.Extensions.DependencyInjection;
using Xunit.Abstractions;

namespace Broker.Tests.Admin;

/// <summary>The streams of a broker with very many topics; measured while no other test runs.</summary>
[Collection(QuietCollection.Name)]
public sealed class ThousandsOfTopicsTests(ITestOutputHelper output)
{
    private const int Topics = 5_000;

    // Half of the pages come within a quarter of it.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(300 * 4);

    [Fact]
    public async Task A_page_over_5000_topics_comes_at_once()
    {
        await using AdminBroker broker = await AdminBroker.StartAsync(settings => settings.StorageKind = Broker.Silo.Settings.StorageKind.Memory);
        await Parallel.ForAsync(0, Topics, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) =>
        {
            using HttpResponseMessage created = await broker.Api.PostAsync($"/topic/create?topic=topic-{i:0000}", null, CancellationToken.None);
            Assert.Equal(HttpStatusCode.OK, created.StatusCode);
        });
        // What was sampled while they came into being is shown for a while.
        ClusterSample sample = await broker.Broker.Services.GetRequiredService<ClusterSampler>().RefreshAsync(CancellationToken.None);
        Assert.Equal(Topics, sample.Topics.Count);
        Assert.Contains("topic-0049", await broker.Web.GetStringAsync("/"));

        List<double> took = [];
        foreach (string path in (string[])["/", "/?page=77", "/?sort=-messages", "/?q=99", "/topics/topic-4999", "/counter", "/nodes", $"/nodes/{broker.Node}", "/lookup", "/confirm?action=delete&topic=topic-0001"])
        {
            List<double> page = [];
            for (int i = 0; i < 3; i++)
            {
                long began = Stopwatch.GetTimestamp();
                await broker.Web.GetStringAsync(path);
                page.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            }
            // What else the machine does only ever adds to it.
            took.Add(page.Min());
            output.WriteLine($"{path}: {string.Join(", ", page.Select(milliseconds => $"{milliseconds:0} ms"))}");
        }
        took.Sort();
        output.WriteLine($"median {took[took.Count / 2]:0} ms, slowest {took[^1]:0} ms");
        Assert.True(took[^1] < Patience.TotalMilliseconds, $"slowest {took[^1]:0} ms");
        Assert.True(took[took.Count / 2] < 300, $"median {took[took.Count / 2]:0} ms");
    }
}
