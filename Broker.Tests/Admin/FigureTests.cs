using System.Net;
using System.Text;
using Broker.Admin;
using Broker.Tests.Http;
using Broker.Tests.Lookup;
using Broker.Tests.Simulation;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Tests.Admin;

/// <summary>What the admin web makes of figures: histories, lines, sums.</summary>
public sealed class FigureTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_ring_keeps_an_hour_and_no_more()
    {
        FigureRing ring = new();
        for (int i = 0; i < 200; i++) ring.Put(Start + FigureRing.Step * i, new FigureCounts(i, 0, i, 0));
        FigurePoint?[] points = ring.Read(Start + FigureRing.Step * 199);
        Assert.Equal(FigureRing.Points, points.Length);
        Assert.Equal((20, 199), (points[0]!.Value.Counts.Depth, points[^1]!.Value.Counts.Depth));

        points = ring.Read(Start + FigureRing.Step * 210);
        Assert.Equal(31, points[0]!.Value.Counts.Depth);
        Assert.Null(points[^1]);
        Assert.All(ring.Read(Start + FigureRing.Step * 1000), Assert.Null);
    }

    [Fact]
    public void A_rate_is_what_a_count_grew_by_and_never_negative()
    {
        FigurePoint?[] history = new FigurePoint?[FigureRing.Points];
        history[^4] = new FigurePoint(100_000, new FigureCounts(100, 0, 0, 0));
        history[^3] = new FigurePoint(120_000, new FigureCounts(300, 0, 0, 0));
        history[^2] = new FigurePoint(140_000, new FigureCounts(0, 0, 0, 0));
        history[^1] = new FigurePoint(150_000, new FigureCounts(20, 0, 0, 0));
        ChartLine line = ChartLine.OfRate(history, counts => counts.In);
        Assert.Equal((10, 2), (line.Max, line.Last));
        Assert.Equal("M712 1L716 119L720 95.4", line.PathOf(720, 120, 10));
        Assert.Equal("", ChartLine.OfRate(new FigurePoint?[FigureRing.Points], counts => counts.In).PathOf(720, 120, 1));
    }

    [Fact]
    public void The_quietest_histories_give_way_when_there_are_too_many()
    {
        FigureHistory history = new();
        const int half = FigureHistory.SeriesAtMost / 2;
        history.Add(SampleOf(Start, Enumerable.Range(0, half).Select(i => $"old{i}"), 1));
        DateTimeOffset later = Start.AddHours(1);
        history.Add(SampleOf(later, [.. Enumerable.Range(0, half).Select(i => $"old{i}"), .. Enumerable.Range(0, FigureHistory.SeriesAtMost).Select(i => $"new{i}")], 1));
        Assert.NotNull(history.Read(later, "new0")[^1]);
        Assert.NotNull(history.Read(later)[^1]);
        int kept = Enumerable.Range(0, FigureHistory.SeriesAtMost).Count(i => history.Read(later, $"new{i}")[^1] is not null)
            + Enumerable.Range(0, half).Count(i => history.Read(later, $"old{i}")[^1] is not null);
        Assert.InRange(kept, 1, FigureHistory.SeriesAtMost);
    }

    [Fact]
    public void Nothing_is_remembered_where_nothing_ever_happened()
    {
        FigureHistory history = new();
        history.Add(SampleOf(Start, ["idle"], 0));
        Assert.All(history.Read(Start, "idle"), Assert.Null);
    }

    [Fact]
    public void Percentiles_are_averaged_by_what_was_measured()
    {
        LatencyFigures sum = new();
        foreach ((int count, double value) in ((int, double)[])[(10, 100), (30, 200), (0, 0)])
        {
            LatencyFigures node = new() { Count = count, Percentiles = [new() { ["quantile"] = 0.99, ["value"] = value }] };
            node.Complete();
            sum.Add(node);
        }
        sum.Add(null);
        Assert.Equal(40, sum.Count);
        Dictionary<string, double> percentile = Assert.Single(sum.Percentiles!);
        Assert.Equal((0, 200, 175, 40), (percentile["min"], percentile["max"], percentile["average"], percentile["count"]));
    }

    [Theory]
    [InlineData("127.0.0.1/8", "127.200.3.4", true)]
    [InlineData("127.0.0.1/8", "::ffff:127.0.0.9", true)]
    [InlineData("127.0.0.1/8", "128.0.0.1", false)]
    [InlineData("10.1.2.3", "10.1.2.3", true)]
    [InlineData("10.1.2.3", "10.1.2.4", false)]
    [InlineData("10.0.0.0/9", "10.128.0.0", false)]
    [InlineData("0.0.0.0/0", "8.8.8.8", true)]
    [InlineData("fe80::/10", "fe81::1", true)]
    [InlineData("fe80::/10", "10.0.0.1", false)]
    public void A_range_contains_what_its_prefix_says(string range, string address, bool isInside) =>
        Assert.Equal(isInside, AddressRange.Parse(range).Contains(IPAddress.Parse(address)));

    [Theory]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/")]
    [InlineData("host/8")]
    [InlineData("")]
    public void What_is_no_range_is_refused(string text) => Assert.Throws<FormatException>(() => AddressRange.Parse(text));

    [Theory]
    [InlineData("1.3.0", "1.2.1", 1)]
    [InlineData("1.10.0", "1.9.0", 1)]
    [InlineData("1.3.0", "1.3.0-alpha", 1)]
    [InlineData("1.3.0", "1.3.0", 0)]
    [InlineData("unknown", "0.1.0", -1)]
    public void Versions_are_compared_by_their_numbers(string one, string other, int order) =>
        Assert.Equal(order, Math.Sign(NodeVersion.Of(one).CompareTo(NodeVersion.Of(other))));

    [Fact]
    public void Bodies_are_shown_as_they_are_best_read()
    {
        Assert.Equal(MessageBody.Json, MessageBody.KindOf("""{"a":[1]}"""u8));
        Assert.Equal(MessageBody.Text, MessageBody.KindOf("{no json"u8));
        Assert.Equal(MessageBody.Text, MessageBody.KindOf("42"u8));
        Assert.Equal(MessageBody.Text, MessageBody.KindOf("grüße\n"u8));
        Assert.Equal(MessageBody.Hex, MessageBody.KindOf([0xFF, 0xFE]));
        Assert.Equal(MessageBody.Hex, MessageBody.KindOf("a\0b"u8));
        Assert.Equal("""
            {
              "a": "ü"
            }
            """, MessageBody.Format(Encoding.UTF8.GetBytes("""{"a":"ü"}"""), MessageBody.Auto));
        Assert.Matches("^00000000  68 69 +hi\n$", MessageBody.Format("hi"u8.ToArray(), MessageBody.Hex));
        Assert.Equal([0x0A, 0xFF], MessageBody.ParseHex("0a FF\n"));
        Assert.Null(MessageBody.ParseHex("0a f"));
        Assert.Null(MessageBody.ParseHex("xx"));
    }

    [Fact]
    public async Task Wrong_passwords_are_forgotten_after_a_while()
    {
        VirtualTimeProvider clock = new();
        LoginLimit limit = new(clock);
        IPAddress one = IPAddress.Parse("2001:db8::1");
        for (int i = 0; i < LoginLimit.Attempts; i++)
        {
            Assert.False(limit.IsExceeded(one));
            limit.Count(one);
        }
        Assert.True(limit.IsExceeded(one));
        Assert.True(limit.IsExceeded(IPAddress.Parse("2001:db8::ffff:2")));
        Assert.False(limit.IsExceeded(IPAddress.Parse("2001:db9::1")));
        await Task.Run(() => clock.Advance(LoginLimit.Window));
        Assert.False(limit.IsExceeded(one));
    }

    [Fact]
    public async Task All_who_look_share_one_sample()
    {
        await using ScriptedNode node = await ScriptedNode.StartAsync(
            ("/stats", """{"version":"1.3.0","health":"OK","topics":[{"topic_name":"t","channels":[],"depth":1,"message_count":7}]}"""),
            ("/info", """{"version":"1.3.0","broadcast_address":"127.0.0.1","hostname":"h","tcp_port":4150,"http_port":{port}}"""));
        AdminOptions options = new() { NsqdHttpAddresses = [node.Address], SampleInterval = TimeSpan.FromSeconds(2) };
        VirtualTimeProvider clock = new();
        using Broker.Admin.NodeClient client = new(options, new OwnSites());
        using ClusterSampler sampler = new(
            new BrokerCluster(client, new ClusterAddresses(options), clock), options, clock, NullLogger<ClusterSampler>.Instance);
        ClusterSample first = await sampler.GetAsync(CancellationToken.None);
        Assert.Equal(7, first.Find("t")!.Figures.MessageCount);
        int asked = node.Requests.Count;
        for (int i = 0; i < 10; i++) Assert.Same(first, await sampler.GetAsync(CancellationToken.None));
        Assert.Equal(asked, node.Requests.Count);

        clock.Advance(TimeSpan.FromSeconds(3));
        ClusterSample second = await sampler.GetAsync(CancellationToken.None);
        Assert.NotSame(first, second);
        Assert.Equal(asked * 2, node.Requests.Count);
        Task<ClusterSample>[] waiting = [sampler.NextAsync(second, CancellationToken.None), sampler.NextAsync(second, CancellationToken.None)];
        ClusterSample third = await sampler.RefreshAsync(CancellationToken.None);
        Assert.All(await Task.WhenAll(waiting), sample => Assert.Same(third, sample));
    }

    [Fact]
    public async Task A_node_that_does_not_answer_is_a_warning_on_the_page()
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync();
        await using LookupSocket gone = await LookupSocket.IdentifiedAsync(lookup.TcpEndPoint);
        await gone.DoAsync("REGISTER lost c");
        await using HttpBroker broker = await HttpBroker.StartAsync(settings => settings.Gateway.LookupdTcpAddresses = [lookup.TcpEndPoint.ToString()]);
        await broker.Broker.PublishAsync("t", "a");
        await lookup.Http.UntilAsync("/topics", topics => topics.Contains("\"t\"", StringComparison.Ordinal));
        await using RunningAdmin admin = await RunningAdmin.StartAsync(settings => settings.Admin.LookupdHttpAddresses = [lookup.HttpEndPoint.ToString()]);
        HttpReply page = await admin.GetAsync("/");
        Assert.Equal(200, page.Status);
        Assert.Contains("A node did not answer: http://node.example:4151/stats", page.Body);
        Assert.Contains("href=\"/topics/t\"", page.Body);
    }

    private static ClusterSample SampleOf(DateTimeOffset at, IEnumerable<string> topics, long messages) => new(
        at, 0, [], [.. topics.Select(name => new TopicSample(new TopicFigures { TopicName = name, MessageCount = messages }, 0, [], true))], [], null);
}
