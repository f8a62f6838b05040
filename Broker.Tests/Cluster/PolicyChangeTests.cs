using System.Net.Sockets;
using System.Text.Json.Nodes;
using Broker.Tests.Http;
using Broker.Tests.Running;
using Eventually = Broker.Tests.Gateway.Eventually;

namespace Broker.Tests.Cluster;

/// <summary>
/// A policy that is changed under load holds in the whole cluster once the change is answered: the topic tells its channel before it answers, and both
/// are in one place each, wherever their publishers and consumers are connected. What bounds the time is two calls between silos and one write.
/// </summary>
public sealed class PolicyChangeTests
{
    private const int Poison = 40;

    [Fact]
    public async Task A_change_holds_on_every_silo_when_it_is_answered()
    {
        await using SiloProcesses cluster = await SiloProcesses.StartAsync(2, "--http-address=127.0.0.1:0");
        using HttpClient first = HttpBroker.ClientOf(cluster.Silos[0].HttpEndPoint);
        using HttpClient second = HttpBroker.ClientOf(cluster.Silos[1].HttpEndPoint);
        foreach (string path in (string[])["/topic/create?topic=t", "/channel/create?topic=t&channel=c"])
        {
            using HttpResponseMessage answer = await first.PostAsync(path, null);
            answer.EnsureSuccessStatusCode();
        }

        using CancellationTokenSource ended = new();
        Load load = new(ended.Token);
        Task[] workers = [.. cluster.Silos.SelectMany((silo, number) => new[] { load.PublishAsync(silo), load.ConsumeAsync(silo, number) })];
        await Eventually.TrueAsync(() => load.Finished[0] > 100 && load.Finished[1] > 100);

        await PutAsync(second, "/channel/policy?topic=t&channel=c", """{"max_attempts":1}""");
        foreach (BrokerProcess silo in cluster.Silos)
        {
            await using NsqSocket publisher = await NsqSocket.OpenAsync(silo.TcpEndPoint);
            await publisher.PublishAsync("t", [.. Enumerable.Repeat("poison", Poison)]);
        }

        await Eventually.TrueAsync(async () => (await DeadAsync(first)).Count == 2 * Poison);
        Assert.All(await DeadAsync(first), letter => Assert.Equal(1, (int)letter!["attempts"]!));
        Assert.Equal(2 * Poison, load.Poisoned);

        await PutAsync(first, "/topic/policy?topic=t", """{"max_message_size":10,"channels":{}}""");
        foreach (BrokerProcess silo in cluster.Silos)
        {
            await using NsqSocket publisher = await NsqSocket.OpenAsync(silo.TcpEndPoint);
            await publisher.SendAsync(NsqCommand.Pub("t", "0123456789+"));
            await publisher.ExpectFatalAsync("E_BAD_MESSAGE PUB message too big 11 > 10");
        }

        int before = load.Published;
        await Eventually.TrueAsync(() => load.Published > before + 100);
        await ended.CancelAsync();
        foreach (BrokerProcess silo in cluster.Silos)
            await silo.KillAsync();
        await Task.WhenAll(workers);
    }

    private static async Task PutAsync(HttpClient client, string path, string policy)
    {
        using HttpResponseMessage answer = await client.PutAsync(path, new StringContent(policy));
        answer.EnsureSuccessStatusCode();
    }

    private static async Task<JsonArray> DeadAsync(HttpClient client) =>
        JsonNode.Parse(await client.GetStringAsync("/channel/dead?topic=t&channel=c&limit=1000"))!["messages"]!.AsArray();

    /// <summary>Publishers and consumers of the topic that go on until it is ended; consumers requeue what is poison.</summary>
    private sealed class Load(CancellationToken ended)
    {
        private int _published;
        private int _poisoned;

        public int[] Finished { get; } = new int[2];

        public int Published => Volatile.Read(ref _published);

        /// <summary>Deliveries of poison.</summary>
        public int Poisoned => Volatile.Read(ref _poisoned);

        public async Task PublishAsync(BrokerProcess silo)
        {
            await using NsqSocket socket = await OpenAsync(silo);
            try
            {
                while (!ended.IsCancellationRequested)
                {
                    await socket.SendAsync(NsqCommand.Pub("t", "load"));
                    await socket.ExpectOkAsync();
                    Interlocked.Increment(ref _published);
                }
            }
            catch (Exception e) when (ended.IsCancellationRequested && IsDisconnect(e))
            {
                // The silos have ended.
            }
        }

        public async Task ConsumeAsync(BrokerProcess silo, int number)
        {
            await using NsqSocket socket = await OpenAsync(silo);
            await socket.SubscribeAsync("t", "c", ready: 20);
            try
            {
                while (true)
                {
                    NsqMessage message = await socket.ExpectMessageAsync();
                    if (message.Text == "poison")
                    {
                        Interlocked.Increment(ref _poisoned);
                        await socket.RequeueAsync(message, 0);
                    }
                    else
                    {
                        await socket.FinishAsync(message);
                        Interlocked.Increment(ref Finished[number]);
                    }
                }
            }
            catch (Exception e) when (ended.IsCancellationRequested && IsDisconnect(e))
            {
                // The silos have ended.
            }
        }

        private static async Task<NsqSocket> OpenAsync(BrokerProcess silo)
        {
            NsqSocket socket = await NsqSocket.OpenAsync(silo.TcpEndPoint);
            await socket.IdentifyAsync("""{"heartbeat_interval":60000}""");
            return socket;
        }

        private static bool IsDisconnect(Exception e) => e is SocketException or IOException or Xunit.Sdk.XunitException;
    }
}
