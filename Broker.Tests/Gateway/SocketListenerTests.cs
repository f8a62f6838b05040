using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Broker.Gateway.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Tests.Gateway;

/// <summary>The sockets of NSQ's clients, as what reads and writes them sees them.</summary>
public sealed class SocketListenerTests : IAsyncLifetime
{
    private const int Limit = 64 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly SocketListener _listener = new(
        new IPEndPoint(IPAddress.Loopback, 0), new SocketTransportOptions { MaxReadBufferSize = Limit, MaxWriteBufferSize = Limit }, NullLogger.Instance);

    private readonly ConcurrentBag<Socket> _clients = [];
    private readonly ConcurrentBag<ConnectionContext> _servers = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (Socket client in _clients)
            client.Dispose();
        foreach (ConnectionContext server in _servers)
            await server.DisposeAsync();
        await _listener.DisposeAsync();
    }

    [Fact]
    public async Task What_comes_is_read_and_answered_by_the_thread_that_was_woken_for_it()
    {
        (Socket client, ConnectionContext server) = await ConnectAsync();
        ConcurrentBag<string?> threads = [];
        _ = EchoAsync(server, _ => threads.Add(Thread.CurrentThread.Name));
        for (int i = 0; i < 3; i++)
            await AssertEchoAsync(client, "hello");
        Assert.Equal(["NSQ sockets"], threads.Distinct());
    }

    [Fact]
    public async Task Megabytes_go_both_ways_at_once_and_stay_what_they_are()
    {
        (Socket client, ConnectionContext server) = await ConnectAsync();
        _ = EchoAsync(server);
        byte[] sent = new byte[16 << 20];
        new Random(1).NextBytes(sent);
        Task sending = Task.Run(() => SendAsync(client, sent));
        byte[] received = new byte[sent.Length];
        await ReceiveAsync(client, received);
        await sending;
        Assert.True(sent.AsSpan().SequenceEqual(received));
    }

    [Fact]
    public async Task What_a_client_does_not_read_waits_for_it_and_holds_up_nobody_else()
    {
        (Socket client, ConnectionContext server) = await ConnectAsync();
        byte[] block = new byte[Limit];
        long written = 0;
        Task<FlushResult> flush;
        do
        {
            written += block.Length;
            flush = server.Transport.Output.WriteAsync(block).AsTask();
        }
        while (await Task.WhenAny(flush, Task.Delay(TimeSpan.FromMilliseconds(200))) == flush);

        (Socket other, ConnectionContext echo) = await ConnectAsync();
        _ = EchoAsync(echo);
        await AssertEchoAsync(other, "hello");
        Assert.False(flush.IsCompleted);
        await ReceiveAsync(client, new byte[written]);
        await flush.WaitAsync(Patience);
    }

    [Fact]
    public async Task What_nobody_takes_holds_its_client_back()
    {
        (Socket client, ConnectionContext server) = await ConnectAsync();
        byte[] sent = new byte[64 << 20];
        Task sending = Task.Run(() => SendAsync(client, sent));
        await Eventually.TrueAsync(() => server.Transport.Input.TryRead(out ReadResult read) && IsFull(server, read));
        Assert.False(sending.IsCompleted);
        long taken = 0;
        while (taken < sent.Length)
        {
            ReadResult read = await server.Transport.Input.ReadAsync().AsTask().WaitAsync(Patience);
            taken += read.Buffer.Length;
            server.Transport.Input.AdvanceTo(read.Buffer.End);
        }
        await sending;
        Assert.Equal(sent.Length, taken);

        static bool IsFull(ConnectionContext server, ReadResult read)
        {
            bool isFull = read.Buffer.Length >= Limit;
            server.Transport.Input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            return isFull;
        }
    }

    [Fact]
    public async Task A_client_that_sends_no_more_is_read_to_the_end_and_still_answered()
    {
        (Socket client, ConnectionContext server) = await ConnectAsync();
        await client.SendAsync("bye"u8.ToArray());
        client.Shutdown(SocketShutdown.Send);
        ReadResult read = await server.Transport.Input.ReadAtLeastAsync(1000).AsTask().WaitAsync(Patience);
        Assert.Equal(("bye", true), (Encoding.ASCII.GetString(read.Buffer), read.IsCompleted));
        server.Transport.Input.AdvanceTo(read.Buffer.End);
        await server.Transport.Output.WriteAsync("well"u8.ToArray());
        await server.DisposeAsync();
        byte[] answer = new byte[4];
        await ReceiveAsync(client, answer);
        Assert.Equal("well", Encoding.ASCII.GetString(answer));
        Assert.Equal(0, await client.ReceiveAsync(answer));
    }

    [Fact]
    public async Task What_a_client_has_sent_and_ended_before_it_is_accepted_is_read_to_the_end()
    {
        Socket client = new(SocketType.Stream, ProtocolType.Tcp);
        _clients.Add(client);
        await client.ConnectAsync(_listener.EndPoint);
        await client.SendAsync("bye"u8.ToArray());
        client.Shutdown(SocketShutdown.Send);
        ConnectionContext server = (await _listener.AcceptAsync())!;
        _servers.Add(server);
        ReadResult read = await server.Transport.Input.ReadAtLeastAsync(1000).AsTask().WaitAsync(Patience);
        Assert.Equal(("bye", true), (Encoding.ASCII.GetString(read.Buffer), read.IsCompleted));
    }

    [Fact]
    public async Task An_aborted_connection_is_reset_and_everybody_hears_of_it()
    {
        (Socket client, ConnectionContext server) = await ConnectAsync();
        ValueTask<ReadResult> reading = server.Transport.Input.ReadAsync();
        TaskCompletionSource closed = new();
        server.ConnectionClosed.Register(closed.SetResult);
        server.Abort();
        SocketException reset = await Assert.ThrowsAsync<SocketException>(() => client.ReceiveAsync(new byte[1]));
        Assert.Equal(SocketError.ConnectionReset, reset.SocketErrorCode);
        await Assert.ThrowsAsync<ConnectionAbortedException>(async () => await reading);
        await closed.Task.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_client_that_resets_its_connection_is_told_apart_from_one_that_ends_it()
    {
        (Socket client, ConnectionContext server) = await ConnectAsync();
        client.Close(timeout: 0);
        await Assert.ThrowsAsync<ConnectionResetException>(async () => await server.Transport.Input.ReadAsync().AsTask().WaitAsync(Patience));
        await server.DisposeAsync();
    }

    [Fact]
    public async Task A_writer_that_waits_for_its_client_ends_with_the_connection()
    {
        (_, ConnectionContext server) = await ConnectAsync();
        byte[] block = new byte[Limit];
        Task<FlushResult> flush;
        do
        {
            flush = server.Transport.Output.WriteAsync(block).AsTask();
        }
        while (await Task.WhenAny(flush, Task.Delay(TimeSpan.FromMilliseconds(200))) == flush);
        server.Abort();
        Assert.True((await flush.WaitAsync(Patience)).IsCompleted);
    }

    /// <summary>A disk that stalls holds up the thread that writes to it, and with it at most its own client.</summary>
    [Fact]
    public async Task A_thread_that_is_held_up_is_replaced()
    {
        using ManualResetEventSlim stall = new();
        List<(Socket Client, bool IsHeldUp)> clients = [];
        for (int i = 0; i < 4 * Environment.ProcessorCount; i++)
        {
            (Socket client, ConnectionContext server) = await ConnectAsync();
            bool isHeldUp = i < Environment.ProcessorCount;
            clients.Add((client, isHeldUp));
            _ = EchoAsync(server, _ =>
            {
                if (isHeldUp)
                    stall.Wait();
            });
        }
        foreach ((Socket client, _) in clients.Where(client => client.IsHeldUp))
            await client.SendAsync("wait"u8.ToArray());
        for (int i = 0; i < 3; i++)
        {
            foreach ((Socket client, _) in clients.Where(client => !client.IsHeldUp))
                await AssertEchoAsync(client, "hello");
        }
        Assert.All(clients.Where(client => client.IsHeldUp), client => Assert.Equal(0, client.Client.Available));
        stall.Set();
        foreach ((Socket client, _) in clients.Where(client => client.IsHeldUp))
        {
            byte[] answer = new byte[4];
            await ReceiveAsync(client, answer);
            Assert.Equal("wait", Encoding.ASCII.GetString(answer));
            await AssertEchoAsync(client, "hello");
        }
    }

    [Fact]
    public async Task Nobody_is_accepted_any_more_after_unbinding_and_who_is_there_goes_on()
    {
        (Socket client, ConnectionContext server) = await ConnectAsync();
        _ = EchoAsync(server);
        ValueTask<ConnectionContext?> next = _listener.AcceptAsync();
        await _listener.UnbindAsync();
        Assert.Null(await next);
        await AssertEchoAsync(client, "hello");
        using Socket late = new(SocketType.Stream, ProtocolType.Tcp);
        await Assert.ThrowsAsync<SocketException>(() => late.ConnectAsync(_listener.EndPoint));
    }

    private async Task<(Socket Client, ConnectionContext Server)> ConnectAsync()
    {
        Socket client = new(SocketType.Stream, ProtocolType.Tcp);
        _clients.Add(client);
        ValueTask<ConnectionContext?> accepted = _listener.AcceptAsync();
        await client.ConnectAsync(_listener.EndPoint);
        ConnectionContext server = (await accepted)!;
        _servers.Add(server);
        return (client, server);
    }

    private static async Task EchoAsync(ConnectionContext server, Action<ReadOnlySequence<byte>>? seen = null)
    {
        while (true)
        {
            ReadResult read = await server.Transport.Input.ReadAsync();
            seen?.Invoke(read.Buffer);
            foreach (ReadOnlyMemory<byte> part in read.Buffer)
                server.Transport.Output.Write(part.Span);
            server.Transport.Input.AdvanceTo(read.Buffer.End);
            await server.Transport.Output.FlushAsync();
            if (read.IsCompleted)
                return;
        }
    }

    private static async Task AssertEchoAsync(Socket client, string text)
    {
        await client.SendAsync(Encoding.ASCII.GetBytes(text));
        byte[] answer = new byte[text.Length];
        await ReceiveAsync(client, answer);
        Assert.Equal(text, Encoding.ASCII.GetString(answer));
    }

    private static async Task SendAsync(Socket client, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await client.SendAsync(bytes)..];
    }

    private static async Task ReceiveAsync(Socket client, Memory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int received = await client.ReceiveAsync(bytes).AsTask().WaitAsync(Patience);
            Assert.NotEqual(0, received);
            bytes = bytes[received..];
        }
    }
}
