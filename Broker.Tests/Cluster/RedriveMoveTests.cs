using System.Text.Json.Nodes;
using Broker.Tests.Http;
using Broker.Tests.Running;
using Eventually = Broker.Tests.Gateway.Eventually;

namespace Broker.Tests.Cluster;

/// <summary>Dead letters, and a redrive that is under way, go where their channel goes.</summary>
public sealed class RedriveMoveTests
{
    // Enough that every silo has some.
    private const int Topics = 10;
    private const int Letters = 50;
    private const int Rate = 5;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_redrive_goes_on_when_the_silo_of_its_channel_is_killed_or_stopped(bool isKilled)
    {
        await using SiloProcesses cluster = await SiloProcesses.StartAsync(2, "--http-address=127.0.0.1:0");
        (BrokerProcess leaving, BrokerProcess staying) = (cluster.Silos[0], cluster.Silos[1]);
        using HttpClient client = HttpBroker.ClientOf(staying.HttpEndPoint);
        List<NsqSocket> consumers = [];
        for (int i = 0; i < Topics; i++)
            consumers.Add(await KillAsync(client, staying, i));
        Assert.NotEmpty(await HostedAsync(leaving));

        for (int i = 0; i < Topics; i++)
            await PostAsync(client, $"/channel/redrive?topic=t{i}&channel=c&rate={Rate}");
        Task[] drained = [.. consumers.Select(DrainAsync)];
        for (int i = 0; i < Topics; i++)
        {
            int number = i;
            await Eventually.TrueAsync(async () => (int)(await GetAsync(client, $"/channel/redrive?topic=t{number}&channel=c"))["sent"]! > 0);
        }

        Assert.True(await DeadAsync(client) > 0, "all were sent back before the silo was gone");
        if (isKilled)
            await leaving.KillAsync();
        else
            Assert.Equal(0, await leaving.TerminateAsync());

        await Task.WhenAll(drained);
        await Eventually.TrueAsync(async () => await DeadAsync(client) == 0);
        for (int i = 0; i < Topics; i++)
        {
            int number = i;
            await Eventually.TrueAsync(async () => !(bool)(await GetAsync(client, $"/channel/redrive?topic=t{number}&channel=c"))["running"]!);
        }

        foreach (NsqSocket consumer in consumers)
            await consumer.DisposeAsync();
    }

    /// <summary>Has a channel give its messages up; gives the consumer that did it.</summary>
    private static async Task<NsqSocket> KillAsync(HttpClient client, BrokerProcess silo, int number)
    {
        await PostAsync(client, $"/topic/create?topic=t{number}");
        await PostAsync(client, $"/channel/create?topic=t{number}&channel=c");
        using HttpResponseMessage answer = await client.PutAsync($"/channel/policy?topic=t{number}&channel=c", new StringContent("""{"max_attempts":1}"""));
        answer.EnsureSuccessStatusCode();
        NsqSocket consumer = await NsqSocket.OpenAsync(silo.TcpEndPoint);
        await consumer.IdentifyAsync("""{"heartbeat_interval":60000}""");
        await consumer.SubscribeAsync($"t{number}", "c", ready: Letters);
        await using NsqSocket producer = await NsqSocket.OpenAsync(silo.TcpEndPoint);
        await producer.PublishAsync($"t{number}", [.. Enumerable.Range(0, Letters).Select(i => $"{i}")]);
        foreach (NsqMessage message in await consumer.ExpectMessagesAsync(Letters))
            await consumer.RequeueAsync(message, 0);
        await Eventually.TrueAsync(async () =>
            (int)(await GetAsync(client, $"/stats?format=json&cluster=1&topic=t{number}"))["topics"]![0]!["channels"]![0]!["dead_count"]! == Letters);
        return consumer;
    }

    // Whoever is killed may have sent one back that it has not been told is finished: it comes twice.
    private static async Task DrainAsync(NsqSocket consumer)
    {
        HashSet<string> bodies = [];
        while (bodies.Count < Letters)
        {
            NsqMessage message = await consumer.ExpectMessageAsync();
            bodies.Add(message.Text);
            await consumer.FinishAsync(message);
        }
    }

    private static async Task<long> DeadAsync(HttpClient client) => (await GetAsync(client, "/stats?format=json&cluster=1"))["topics"]!.AsArray()
        .SelectMany(static topic => topic!["channels"]!.AsArray()).Sum(static channel => (long)channel!["dead_count"]!);

    private static async Task<string[]> HostedAsync(BrokerProcess silo)
    {
        using HttpClient client = HttpBroker.ClientOf(silo.HttpEndPoint);
        return [.. (await GetAsync(client, "/stats?format=json"))["topics"]!.AsArray().Select(static topic => (string)topic!["topic_name"]!)];
    }

    // While a silo is missed, questions about what it had are not answered.
    private static async Task<JsonNode> GetAsync(HttpClient client, string path)
    {
        string? text = null;
        await Eventually.TrueAsync(async () =>
        {
            using HttpResponseMessage answer = await client.GetAsync(path);
            text = answer.IsSuccessStatusCode ? await answer.Content.ReadAsStringAsync() : null;
            return text is not null;
        });
        return JsonNode.Parse(text!)!;
    }

    private static async Task PostAsync(HttpClient client, string path)
    {
        using HttpResponseMessage answer = await client.PostAsync(path, null);
        answer.EnsureSuccessStatusCode();
    }
}
