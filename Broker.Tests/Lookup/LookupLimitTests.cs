using System.Net.Sockets;
using System.Text;
using Broker.Serving.Limits;
using Broker.Tests.Gateway;
using Microsoft.Extensions.DependencyInjection;

namespace Broker.Tests.Lookup;

/// <summary>What nodes may cost the lookup service, and how it lets go of them.</summary>
public sealed class LookupLimitTests
{
    [Fact]
    public async Task There_are_no_more_connections_of_an_address_than_there_may_be()
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync(settings => settings.Lookup.MaxConnectionsPerAddress = 1);
        await using (LookupSocket first = await LookupSocket.IdentifiedAsync(lookup.TcpEndPoint))
        {
            await ExpectRefusedAsync(lookup);
            await first.DoAsync("PING");
        }
        await Eventually.TrueAsync(async () => (await lookup.Http.GetAsync("/nodes")).Body.Contains("\"producers\":[]", StringComparison.Ordinal));
        await using LookupSocket next = await LookupSocket.IdentifiedAsync(lookup.TcpEndPoint);
        await next.DoAsync("PING");
        Assert.Equal(1, lookup.Services.GetRequiredService<Refusals>()[RefusalReason.TooManyConnectionsOfAddress]);
    }

    [Fact]
    public async Task There_are_no_more_connections_in_all_than_there_may_be()
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync(settings => settings.Lookup.MaxConnections = 1);
        await using LookupSocket first = await LookupSocket.IdentifiedAsync(lookup.TcpEndPoint);
        await ExpectRefusedAsync(lookup);
    }

    [Fact]
    public async Task Who_gives_no_command_does_not_stay()
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync();
        await using LookupSocket busy = await LookupSocket.IdentifiedAsync(lookup.TcpEndPoint);
        using TcpClient silent = new();
        await silent.ConnectAsync(lookup.TcpEndPoint);
        using CancellationTokenSource patience = new(Running.NsqSocket.Patience);
        Task<int> end = silent.GetStream().ReadAsync(new byte[1], patience.Token).AsTask();
        await Eventually.TrueAsync(() =>
        {
            lookup.Clock.Advance(TimeSpan.FromMinutes(1));
            return end.IsCompleted;
        });
        Assert.Equal(0, await end);
        await busy.DoAsync("PING");
    }

    [Fact]
    public async Task A_stop_is_seen_by_a_node_that_never_pauses()
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync();
        using TcpClient node = new();
        await node.ConnectAsync(lookup.TcpEndPoint);
        NetworkStream stream = node.GetStream();
        byte[] pings = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("PING\n", 1000)));
        await stream.WriteAsync("  V1"u8.ToArray());
        using CancellationTokenSource patience = new(Running.NsqSocket.Patience);
        Task reading = stream.CopyToAsync(Stream.Null, patience.Token);
        Task writing = Task.Run(async () =>
        {
            while (true)
                await stream.WriteAsync(pings, patience.Token);
        });
        await lookup.StopAsync().WaitAsync(Running.NsqSocket.Patience);
        await Assert.ThrowsAnyAsync<IOException>(() => writing.WaitAsync(Running.NsqSocket.Patience));
        await Task.WhenAny(reading);
    }

    private static async Task ExpectRefusedAsync(RunningLookup lookup)
    {
        using TcpClient refused = new();
        using CancellationTokenSource patience = new(Running.NsqSocket.Patience);
        try
        {
            await refused.ConnectAsync(lookup.TcpEndPoint);
            Assert.Equal(0, await refused.GetStream().ReadAsync(new byte[1], patience.Token));
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            // Reset: as good as an end.
        }
    }
}
