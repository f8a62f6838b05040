using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Broker.Tests.Http;
using Broker.Tests.Running;
using Broker.Tests.Security;
using Xunit.Abstractions;
using Eventually = Broker.Tests.Gateway.Eventually;

namespace Broker.Tests.Durability;

/// <summary>
/// Many dead letters in one channel of a genuine process: <c>BROKER_DEAD_LETTERS</c> of them (20,000). What pages and memory cost is written to the test's
/// output.
/// </summary>
[Collection(QuietCollection.Name)]
public sealed class ManyDeadLettersTests(ITestOutputHelper output)
{
    private const int BodySize = 1_000;
    private const int SegmentSize = 1 << 20;
    private const int AtOnce = 500;
    private const int Limit = 50;

    [Fact]
    public async Task They_hold_neither_log_nor_memory_and_every_page_is_there()
    {
        int count = Math.Max(10 * AtOnce, (Knob.Read<int>("BROKER_DEAD_LETTERS") ?? 20_000) / AtOnce * AtOnce);
        await using BrokerProcess broker = await BrokerProcess.StartAsync("--http-address=127.0.0.1:0", $"--max-bytes-per-file={SegmentSize}");
        using HttpClient client = HttpBroker.ClientOf(broker.HttpEndPoint);
        foreach (string path in (string[])["/topic/create?topic=t", "/channel/create?topic=t&channel=c"])
            (await client.PostAsync(path, null)).EnsureSuccessStatusCode();
        string policy = $$"""{"max_age":1000,"expired":"dead_letter","max_dead":{{count}},"max_dead_bytes":{{count * 2L * BodySize}}}""";
        (await client.PutAsync("/channel/policy?topic=t&channel=c", new StringContent(policy))).EnsureSuccessStatusCode();

        await KillAsync(broker, client, 0, count / 10);
        long few = await LiveBytes.MeasureAsync(client);
        long start = Stopwatch.GetTimestamp();
        await KillAsync(broker, client, count / 10, count);
        long many = await LiveBytes.MeasureAsync(client);
        output.WriteLine($"{count} dead after {Stopwatch.GetElapsedTime(start).TotalSeconds:F0} s; live bytes {few} with a tenth of them, {many} with all");
        Assert.True(many - few < count * (long)BodySize / 2, $"{many - few} bytes of memory for {count} dead letters");

        string folder = Path.Combine(broker.DataPath, "topics", "t");
        // A segment may be trimmed between the two looks; one that exists keeps the length that was seen with it.
        await Eventually.TrueAsync(() =>
            Directory.EnumerateFiles(folder, "*.log").Sum(static path => new FileInfo(path) is { Exists: true } file ? file.Length : 0) <= 2 * SegmentSize);

        // The last pages first, then the middle, then the beginning: no page is where the one before has read to.
        List<double> times = [];
        for (long from = count - Limit; from >= 0; from -= Math.Max(1, count / 40))
        {
            long began = Stopwatch.GetTimestamp();
            JsonNode page = JsonNode.Parse(await client.GetStringAsync($"/channel/dead?topic=t&channel=c&limit={Limit}&body_limit=16{(from == 0 ? "" : $"&after={from - 1}")}"))!;
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            JsonArray letters = page["messages"]!.AsArray();
            Assert.Equal(Enumerable.Range((int)from, Limit).Select(static number => (long)number), letters.Select(static letter => (long)letter!["number"]!));
            Assert.All(letters, static letter => Assert.Equal(BodySize, (int)letter!["size"]!));
            Assert.Equal(count, (int)page["dead_count"]!);
        }

        times.Sort();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{times.Count} pages of {Limit}: median {times[times.Count / 2]:F1} ms, slowest {times[^1]:F1} ms"));
        Assert.InRange(await LiveBytes.MeasureAsync(client), 0, many + (count * (long)BodySize / 2));
    }

    // What is published here expires after a second, without a consumer.
    private static async Task KillAsync(BrokerProcess broker, HttpClient client, int from, int to)
    {
        await using NsqSocket producer = await NsqSocket.OpenAsync(broker.TcpEndPoint);
        for (int number = from; number < to; number += AtOnce)
            await producer.PublishAsync("t", [.. Enumerable.Range(number, AtOnce).Select(static i => Body(i))]);
        // A million takes longer than a single wait may.
        for (long before = -1, dead = 0; dead < to; before = dead)
        {
            long known = before;
            await Eventually.TrueAsync(async () => (dead = await DeadAsync(client)) > known);
        }
    }

    private static async Task<long> DeadAsync(HttpClient client) =>
        (long)JsonNode.Parse(await client.GetStringAsync("/stats?format=json&topic=t"))!["topics"]![0]!["channels"]![0]!["dead_count"]!;

    private static string Body(int number) =>
        new StringBuilder().Append(number).Append(' ').Append('x', BodySize).ToString(0, BodySize);
}
