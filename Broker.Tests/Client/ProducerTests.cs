using Broker.Client;
using Broker.Tests.Running;
using Broker.Tests.Simulation;

namespace Broker.Tests.Client;

/// <summary>The producer against a server that says what a test tells it to.</summary>
public sealed class ProducerTests : IAsyncDisposable
{
    private static readonly byte[] One = "one"u8.ToArray();
    private static readonly byte[] Two = "two"u8.ToArray();

    private readonly ScriptedServer _server = new();
    private readonly VirtualTimeProvider _clock = new();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task It_connects_when_something_is_published_and_tells_who_it_is()
    {
        await using NsqProducer producer = Producer(options =>
        {
            options.ClientId = "me";
            options.Hostname = "me.example";
            options.TopologyZone = "a";
        });
        Assert.False(_server.IsWanted);
        Assert.Null(producer.ConnectedTo);

        Task publish = producer.PublishAsync("orders", One).AsTask();
        ScriptedConnection connection = await _server.AcceptIdentifiedAsync();
        Assert.Equal("me", connection.Identity.GetProperty("client_id").GetString());
        Assert.Equal("me.example", connection.Identity.GetProperty("hostname").GetString());
        Assert.StartsWith("Broker.Client/", connection.Identity.GetProperty("user_agent").GetString());
        Assert.True(connection.Identity.GetProperty("feature_negotiation").GetBoolean());
        Assert.Equal(30_000, connection.Identity.GetProperty("heartbeat_interval").GetInt32());
        Assert.Equal("a", connection.Identity.GetProperty("topology_zone").GetString());
        await connection.ExpectPublishAsync("orders", "one");
        Assert.False(publish.IsCompleted);
        await connection.SendResponseAsync("OK");
        await publish;
        Assert.Equal(_server.Address, producer.ConnectedTo);
    }

    [Fact]
    public async Task A_server_that_does_not_negotiate_will_do()
    {
        await using NsqProducer producer = Producer();
        Task publish = producer.PublishAsync("orders", One).AsTask();
        ScriptedConnection connection = await _server.AcceptIdentifiedAsync("OK");
        await connection.ExpectPublishAsync("orders", "one");
        await connection.SendResponseAsync("OK");
        await publish;
    }

    [Fact]
    public async Task Each_kind_of_publish_is_written_as_the_protocol_has_it()
    {
        await using NsqProducer producer = Producer();
        Task[] publishes =
        [
            producer.PublishAsync("orders", One).AsTask(),
            producer.PublishAsync("orders", [One, Two]).AsTask(),
            producer.PublishDeferredAsync("orders", Two, TimeSpan.FromSeconds(1.5)).AsTask(),
        ];
        ScriptedConnection connection = await _server.AcceptIdentifiedAsync();
        await connection.ExpectPublishAsync("orders", "one");
        await connection.ExpectLineAsync("MPUB orders");
        Assert.Equal("\0\0\0\u0002\0\0\0\u0003one\0\0\0\u0003two", System.Text.Encoding.ASCII.GetString(await connection.ReadSizedAsync()));
        await connection.ExpectLineAsync("DPUB orders 1500");
        Assert.Equal(Two, await connection.ReadSizedAsync());
        await connection.SendResponseAsync("OK");
        await publishes[0];
        Assert.False(publishes[1].IsCompleted);
        await connection.SendAsync(ScriptedConnection.Frame(0, "OK"u8), ScriptedConnection.Frame(0, "OK"u8));
        await Task.WhenAll(publishes);
    }

    [Fact]
    public async Task Answers_may_come_in_pieces_and_heartbeats_between_them()
    {
        await using NsqProducer producer = Producer();
        Task first = producer.PublishAsync("orders", One).AsTask();
        Task second = producer.PublishAsync("orders", Two).AsTask();
        ScriptedConnection connection = await _server.AcceptAsync();
        await connection.ExpectIdentifyAsync();
        await connection.SendSplitAsync(ScriptedConnection.Frame(0, "_heartbeat_"u8));
        await connection.ExpectLineAsync("NOP");
        await connection.SendSplitAsync(ScriptedConnection.Frame(0, System.Text.Encoding.ASCII.GetBytes(ScriptedConnection.PlainReply)));
        await connection.ExpectPublishAsync("orders", "one");
        await connection.ExpectPublishAsync("orders", "two");
        await connection.SendSplitAsync([
            .. ScriptedConnection.Frame(0, "_heartbeat_"u8),
            .. ScriptedConnection.Frame(0, "OK"u8),
            .. ScriptedConnection.Frame(0, "_heartbeat_"u8),
            .. ScriptedConnection.Frame(77, "from the future"u8),
            .. ScriptedConnection.Frame(0, "OK"u8)]);
        await Task.WhenAll(first, second);
        await connection.ExpectLineAsync("NOP");
        await connection.ExpectLineAsync("NOP");
    }

    [Fact]
    public async Task An_error_reaches_the_publish_that_caused_it_and_the_others_go_on_elsewhere()
    {
        await using NsqProducer producer = Producer();
        Task first = producer.PublishAsync("orders", One).AsTask();
        Task second = producer.PublishAsync("orders", Two).AsTask();
        ScriptedConnection connection = await _server.AcceptIdentifiedAsync();
        await connection.ExpectPublishAsync("orders", "one");
        await connection.ExpectPublishAsync("orders", "two");
        await connection.SendErrorAsync("E_BAD_MESSAGE PUB message too big 3 > 2");

        NsqServerException refusal = await Assert.ThrowsAsync<NsqServerException>(() => first);
        Assert.Equal("E_BAD_MESSAGE", refusal.Code);
        Assert.Equal("E_BAD_MESSAGE PUB message too big 3 > 2", refusal.ServerError);
        Assert.Equal(_server.Address, refusal.Address);
        Assert.Contains("message too big", refusal.Message);

        ScriptedConnection next = await _server.AcceptIdentifiedAsync();
        await next.ExpectPublishAsync("orders", "two");
        await next.SendResponseAsync("OK");
        await second;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_a_lost_connection_left_unanswered_is_sent_again_if_wanted(bool resend)
    {
        await using NsqProducer producer = Producer(options => options.ResendAfterConnectionLoss = resend);
        Task publish = producer.PublishAsync("orders", One).AsTask();
        ScriptedConnection connection = await _server.AcceptIdentifiedAsync();
        await connection.ExpectPublishAsync("orders", "one");
        connection.Break();
        if (resend)
        {
            ScriptedConnection next = await _server.AcceptIdentifiedAsync();
            await next.ExpectPublishAsync("orders", "one");
            await next.SendResponseAsync("OK");
            await publish;
        }
        else
        {
            Assert.True((await Assert.ThrowsAsync<NsqConnectionException>(() => publish)).MayHaveBeenPublished);
        }
    }

    [Fact]
    public async Task It_turns_to_another_address_when_one_fails()
    {
        await using ScriptedServer other = new();
        await using NsqProducer producer = Producer(options =>
        {
            options.Addresses.Insert(0, ScriptedServer.DeadAddress());
            options.Addresses.Add(other.Address);
        });
        Task first = producer.PublishAsync("orders", One).AsTask();
        ScriptedConnection connection = await _server.AcceptIdentifiedAsync();
        await connection.ExpectPublishAsync("orders", "one");
        connection.Break();

        ScriptedConnection next = await other.AcceptIdentifiedAsync();
        await next.ExpectPublishAsync("orders", "one");
        await next.SendResponseAsync("OK");
        await first;
        Assert.Equal(other.Address, producer.ConnectedTo);
    }

    [Fact]
    public async Task No_more_than_allowed_are_sent_before_an_answer()
    {
        await using NsqProducer producer = Producer(options => options.MaxOutstanding = 2);
        Task[] publishes = [.. Enumerable.Range(0, 3).Select(i => producer.PublishAsync("orders", new[] { (byte)('a' + i) }).AsTask())];
        ScriptedConnection connection = await _server.AcceptIdentifiedAsync();
        await connection.ExpectPublishAsync("orders", "a");
        await connection.ExpectPublishAsync("orders", "b");
        Assert.Empty(await connection.ReadUntilQuietAsync());
        await connection.SendResponseAsync("OK");
        await connection.ExpectPublishAsync("orders", "c");
        await connection.SendAsync(ScriptedConnection.Frame(0, "OK"u8), ScriptedConnection.Frame(0, "OK"u8));
        await Task.WhenAll(publishes);
    }

    [Fact]
    public async Task Cancelling_ends_the_waiting_and_leaves_the_answers_in_order()
    {
        await using NsqProducer producer = Producer();
        using CancellationTokenSource cancellation = new();
        Task first = producer.PublishAsync("orders", One, cancellation.Token).AsTask();
        Task second = producer.PublishAsync("orders", Two).AsTask();
        ScriptedConnection connection = await _server.AcceptIdentifiedAsync();
        await connection.ExpectPublishAsync("orders", "one");
        await connection.ExpectPublishAsync("orders", "two");
        await cancellation.CancelAsync();
        OperationCanceledException cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.Equal(cancellation.Token, cancelled.CancellationToken);
        await connection.SendResponseAsync("OK");
        await connection.ReadUntilQuietAsync();
        Assert.False(second.IsCompleted);
        await connection.SendResponseAsync("OK");
        await second;
    }

    [Fact]
    public async Task What_is_cancelled_before_there_is_a_connection_is_never_sent()
    {
        await using NsqProducer producer = Producer();
        using CancellationTokenSource cancellation = new();
        Task first = producer.PublishAsync("orders", One, cancellation.Token).AsTask();
        ScriptedConnection connection = await _server.AcceptAsync();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Task second = producer.PublishAsync("orders", Two).AsTask();
        await connection.ExpectIdentifyAsync();
        await connection.SendResponseAsync(ScriptedConnection.PlainReply);
        await connection.ExpectPublishAsync("orders", "two");
        await connection.SendResponseAsync("OK");
        await second;
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_told_from_one_that_is_not_there()
    {
        await using NsqProducer producer = Producer(_clock, options => options.PublishTimeout = TimeSpan.FromSeconds(10));
        Task publish = producer.PublishAsync("orders", One).AsTask();
        ScriptedConnection connection = await _server.AcceptIdentifiedAsync();
        await connection.ExpectPublishAsync("orders", "one");
        _clock.Advance(TimeSpan.FromSeconds(9));
        Assert.False(publish.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(1));
        NsqConnectionException failure = await Assert.ThrowsAsync<NsqConnectionException>(() => publish);
        Assert.True(failure.MayHaveBeenPublished);
        Assert.Contains($"{_server.Address} did not answer", failure.Message);
        Assert.Equal("", await connection.ReadToEndAsync());
    }

    [Fact]
    public async Task When_nobody_listens_it_tries_on_and_says_why_it_failed()
    {
        string nobody = ScriptedServer.DeadAddress();
        await using NsqProducer producer = new(new NsqProducerOptions { Addresses = { nobody } }, null, _clock);
        Task publish = producer.PublishAsync("orders", One).AsTask();
        await PassUntilAsync(publish);
        NsqConnectionException failure = await Assert.ThrowsAsync<NsqConnectionException>(() => publish);
        Assert.False(failure.MayHaveBeenPublished);
        Assert.Contains($"no connection to {nobody}", failure.Message);
        Assert.True(_clock.Elapsed >= TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task It_connects_as_soon_as_there_is_a_server_again()
    {
        string address = ScriptedServer.DeadAddress();
        await using NsqProducer producer = new(new NsqProducerOptions { Addresses = { address } });
        Task publish = producer.PublishAsync("orders", One).AsTask();
        await using ScriptedServer again = new(int.Parse(address.Split(':')[1]));
        ScriptedConnection connection = await again.AcceptIdentifiedAsync();
        await connection.ExpectPublishAsync("orders", "one");
        await connection.SendResponseAsync("OK");
        await publish;
    }

    [Fact]
    public async Task A_half_open_connection_is_given_up()
    {
        await using NsqProducer producer = Producer(_clock);
        Task ping = producer.PingAsync().AsTask();
        ScriptedConnection connection = await _server.AcceptIdentifiedAsync();
        await ping;
        await connection.ExpectLineAsync("NOP");
        _clock.Advance(TimeSpan.FromSeconds(59));
        Assert.Empty(await connection.ReadUntilQuietAsync());
        _clock.Advance(TimeSpan.FromSeconds(59));
        Assert.NotNull(producer.ConnectedTo);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("", await connection.ReadToEndAsync());
        await Gateway.Eventually.TrueAsync(() => producer.ConnectedTo is null);
    }

    [Fact]
    public async Task An_answer_that_nobody_asked_for_ends_the_connection()
    {
        await using NsqProducer producer = Producer();
        Task ping = producer.PingAsync().AsTask();
        ScriptedConnection connection = await _server.AcceptIdentifiedAsync();
        await ping;
        await connection.ExpectLineAsync("NOP");
        await connection.SendResponseAsync("OK");
        Assert.Equal("", await connection.ReadToEndAsync());
    }

    [Fact]
    public async Task What_is_no_nsq_server_is_called_so()
    {
        await using NsqProducer producer = Producer(_clock);
        Task publish = producer.PublishAsync("orders", One).AsTask();
        ScriptedConnection connection = await _server.AcceptAsync();
        await connection.SendAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray());
        await connection.ReadToEndAsync();
        await PassUntilAsync(publish);
        NsqConnectionException failure = await Assert.ThrowsAsync<NsqConnectionException>(() => publish);
        Assert.Contains(_server.Address, failure.Message);
    }

    [Fact]
    public async Task A_refusal_to_identify_fails_at_once()
    {
        await using NsqProducer producer = Producer(_clock);
        Task publish = producer.PublishAsync("orders", One).AsTask();
        ScriptedConnection connection = await _server.AcceptAsync();
        await connection.ExpectIdentifyAsync();
        await connection.SendErrorAsync("E_BAD_BODY IDENTIFY heartbeat interval (30000) is invalid");
        NsqServerException refusal = await Assert.ThrowsAsync<NsqServerException>(() => publish);
        Assert.Equal("E_BAD_BODY", refusal.Code);
    }

    [Fact]
    public async Task Stopping_waits_for_what_is_under_way()
    {
        NsqProducer producer = Producer();
        Task publish = producer.PublishAsync("orders", One).AsTask();
        ScriptedConnection connection = await _server.AcceptIdentifiedAsync();
        await connection.ExpectPublishAsync("orders", "one");
        Task stopping = producer.StopAsync();
        Assert.Throws<ObjectDisposedException>(() => { _ = producer.PublishAsync("orders", Two); });
        Assert.Empty(await connection.ReadUntilQuietAsync());
        Assert.False(stopping.IsCompleted);
        await connection.SendResponseAsync("OK");
        await publish;
        await stopping;
        Assert.Equal("", await connection.ReadToEndAsync());
    }

    [Fact]
    public async Task Stopping_can_be_cut_short()
    {
        NsqProducer producer = Producer();
        Task publish = producer.PublishAsync("orders", One).AsTask();
        ScriptedConnection connection = await _server.AcceptIdentifiedAsync();
        await connection.ExpectPublishAsync("orders", "one");
        using CancellationTokenSource cancellation = new();
        Task stopping = producer.StopAsync(cancellation.Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAsync<NsqConnectionException>(() => publish);
        await stopping;
        Assert.Equal("", await connection.ReadToEndAsync());
    }

    [Fact]
    public async Task What_no_server_would_take_is_refused_before_it_is_sent()
    {
        await using NsqProducer producer = Producer();
        Assert.Throws<ArgumentException>(() => { _ = producer.PublishAsync("no topic", One); });
        Assert.Throws<ArgumentException>(() => { _ = producer.PublishAsync("orders", ReadOnlyMemory<byte>.Empty); });
        Assert.Throws<ArgumentException>(() => { _ = producer.PublishAsync("orders", Array.Empty<ReadOnlyMemory<byte>>()); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = producer.PublishDeferredAsync("orders", One, TimeSpan.FromSeconds(-1)); });
        Assert.False(_server.IsWanted);
    }

    [Theory]
    [InlineData("")]
    [InlineData("localhost")]
    [InlineData("localhost:0")]
    [InlineData("::1:4150")]
    public void An_address_that_is_none_is_named(string address)
    {
        ArgumentException failure = Assert.Throws<ArgumentException>(() => new NsqProducer(new NsqProducerOptions { Addresses = { address } }));
        Assert.Contains($"\"{address}\"", failure.Message);
    }

    private NsqProducer Producer(Action<NsqProducerOptions>? configure = null) => Producer(TimeProvider.System, configure);

    private NsqProducer Producer(TimeProvider time, Action<NsqProducerOptions>? configure = null)
    {
        NsqProducerOptions options = new() { Addresses = { _server.Address } };
        configure?.Invoke(options);
        return new NsqProducer(options, null, time);
    }

    /// <summary>Lets virtual time pass, slowly enough for real attempts to connect in between.</summary>
    private async Task PassUntilAsync(Task awaited)
    {
        await Gateway.Eventually.TrueAsync(() =>
        {
            if (!awaited.IsCompleted) _clock.Advance(TimeSpan.FromMilliseconds(50));
            return awaited.IsCompleted;
        });
    }
}
