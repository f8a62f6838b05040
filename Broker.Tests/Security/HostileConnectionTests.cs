using Broker.Tests.Gateway;
using Broker.Tests.Running;

namespace Broker.Tests.Security;

/// <summary>
/// Connections whose bytes are generated, mutated and cut anywhere, against a whole gateway, while a healthy client works beside
/// them. BROKER_FUZZ_CONNECTIONS says how many; the seed of each run is in its failure.
/// </summary>
public sealed class HostileConnectionTests
{
    private const int UsualConnections = 2000;
    private const int AtOnce = 32;

    [Fact]
    public async Task Whatever_clients_send_the_gateway_answers_closes_and_serves_the_others()
    {
        int connections = Knob.Read<int>("BROKER_FUZZ_CONNECTIONS") ?? UsualConnections;
        const ulong seed = 20260801;
        await using RunningGateway server = await RunningGateway.StartAsync();
        using HealthyClient healthy = new(await server.ConnectAsync());
        Task<int> working = healthy.WorkAsync();

        using IEnumerator<byte[]> source = Conversations.Sample(connections, seed).GetEnumerator();
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => Task.Run(async () =>
        {
            while (Next(source) is { } bytes)
                await HostileBytes.SpeakAsync(server.EndPoint, bytes);
        })));

        healthy.Stop();
        Assert.True(await working > 0);
        await Eventually.TrueAsync(() => server.Gateway.ConnectionCount == 1);
        Assert.Equal(0, server.Gateway.BytesInFlight.Taken);
    }

    private static byte[]? Next(IEnumerator<byte[]> source)
    {
        lock (source)
            return source.MoveNext() ? source.Current : null;
    }

    /// <summary>Publishes one message after the other and expects each to be answered.</summary>
    private sealed class HealthyClient(Broker.Tests.Gateway.NsqSocket socket) : IDisposable
    {
        private volatile bool _stopped;

        public async Task<int> WorkAsync()
        {
            int published = 0;
            while (!_stopped)
            {
                await socket.SendAsync(NsqCommand.Pub("healthy", "x"));
                (Broker.Protocol.FrameType _, string data) = await socket.ReadFrameAsync();
                if (data != "_heartbeat_")
                    Assert.Equal("OK", data);
                published++;
            }
            return published;
        }

        public void Stop() => _stopped = true;

        public void Dispose() => socket.Dispose();
    }
}
