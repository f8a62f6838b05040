using System.Diagnostics;
using System.Net.Security;
using Broker.Channels;
using Broker.Gateway.Consuming;
using Broker.Gateway.Security;
using Broker.Gateway.Telemetry;
using Broker.Gateways;
using Broker.Messages;
using Broker.Policies;
using Broker.Telemetry;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace Broker.Gateway.Connections;

/// <summary>A client's connection, from its magic to its end (spec 1): what is known of the client, and what belongs to it.</summary>
internal sealed class NsqConnection : IConsumerConnection
{
    private readonly GatewayServices _services;
    private readonly ConnectionContext _context;
    private readonly ReadLoop _reading;
    private volatile bool _closing;
    private volatile CancellationTokenSource? _ending;
    private long _received;

    /// <param name="services">What the gateway's connections share.</param>
    /// <param name="context">The socket's side.</param>
    /// <param name="number">Its number.</param>
    public NsqConnection(GatewayServices services, ConnectionContext context, int number)
    {
        _services = services;
        _context = context;
        Number = number;
        RemoteEndPoint = context.RemoteEndPoint?.ToString() ?? "";
        RemoteAddress = RemoteAddressOf(context);
        Settings = Delivery = new ClientSettings(services.Options, RemoteAddress);
        Transport = new ConnectionTransport(context, services.Tls, services.Time);
        Output = new ConnectionOutput(this, services, Transport.Output);
        Deadlines = new ConnectionDeadlines(this, services.Wheel, services.Options.Limits);
        ConnectTime = services.Time.GetUtcNow();
        if (services.Authenticator is { } authenticator)
            Guard = new ConnectionGuard(authenticator, services.Time);
        _reading = new ReadLoop(this, services);
    }

    /// <inheritdoc/>
    public int Number { get; }

    /// <summary>The client's address and port; empty on a unix socket.</summary>
    public string RemoteEndPoint { get; }

    /// <summary>The client's IP address; empty on a unix socket.</summary>
    public string RemoteAddress { get; }

    /// <summary>When the connection was made.</summary>
    public DateTimeOffset ConnectTime { get; }

    /// <summary>What is sent.</summary>
    public ConnectionOutput Output { get; }

    /// <summary>What it is read from.</summary>
    public ConnectionTransport Transport { get; }

    /// <summary>When it is to do something by itself.</summary>
    public ConnectionDeadlines Deadlines { get; }

    /// <summary>What the client may do; null where nobody has to log in.</summary>
    public ConnectionGuard? Guard { get; }

    /// <summary>What it has published.</summary>
    public PublishCounts Published { get; } = new();

    /// <summary>Bytes of commands that the client has sent.</summary>
    public long ReceivedBytes => Volatile.Read(ref _received);

    /// <summary>The settings by the last IDENTIFY.</summary>
    public ClientSettings Settings { get; private set; }

    /// <summary>The settings that deliveries and heartbeats follow: those of the first IDENTIFY (spec 1.5).</summary>
    public ClientSettings Delivery { get; private set; }

    /// <summary>Where the connection stands.</summary>
    public ConnectionState State { get; set; }

    /// <summary>The topic that SUB named; empty before.</summary>
    public string Topic { get; set; } = "";

    /// <summary>The channel that SUB named; empty before.</summary>
    public string Channel { get; set; } = "";

    /// <summary>What SUB has made; null before.</summary>
    public Subscription? Subscription { get; private set; }

    /// <summary>The connection's part in its channel, once it has one.</summary>
    public Consumer? Consumer => Subscription?.Consumer;

    /// <summary>Shared part of the ids of the channel's messages.</summary>
    public ulong IdPrefix => Subscription!.Link.IdPrefix;

    /// <summary>Whether it is being closed.</summary>
    public bool IsClosing => _closing;

    /// <summary>Cancelled when the connection is being closed; for what is waited for seldom, so that most never have it.</summary>
    public CancellationToken Ending
    {
        get
        {
            if (_ending is null)
            {
                // Never disposed: it holds no timer, and whoever closes the connection may come at any time.
                CancellationTokenSource ending = _ending = new CancellationTokenSource();
                _context.ConnectionClosed.UnsafeRegister(static state => _ = ((CancellationTokenSource)state!).CancelAsync(), ending);
                if (_closing)
                    ending.Cancel();
            }
            return _ending.Token;
        }
    }

    int IConsumerConnection.MessageTimeout => Delivery.MsgTimeout;

    string IConsumerConnection.ClientId => Delivery.ClientId;

    bool IConsumerConnection.HasDefaultTimeout => !Delivery.AsksForMsgTimeout;

    long IConsumerConnection.WrittenUpTo => Output.WrittenUpTo;

    int IConsumerConnection.SampleRate => Delivery.SampleRate;

    Proximity IConsumerConnection.Proximity => Delivery.ProximityTo(_services.Options);

    /// <summary>Serves the client until one side has enough.</summary>
    public async Task RunAsync()
    {
        try
        {
            Deadlines.Start();
            await _reading.RunAsync();
        }
        catch (Exception e)
        {
            Fail(e);
        }
        finally
        {
            Deadlines.Stop();
            bool isWritable = await Output.CloseAsync();
            Subscription?.End();
            if (!isWritable)
                _context.Abort();
            _reading.End();
            await EndTransportAsync(isWritable);
        }
    }

    /// <inheritdoc/>
    public void Close()
    {
        _closing = true;
        Transport.Interrupt();
        _ = _ending?.CancelAsync();
    }

    /// <inheritdoc/>
    public void CloseOverdrawn(long window, long received, long excess)
    {
        _services.Logger.WindowOverdrawn(RemoteEndPoint, Settings.ClientId, Topic, Channel, window, received, excess);
        _services.Metrics.Breached();
        Close();
    }

    /// <summary>Ends the connection without waiting for anything.</summary>
    public void Abort()
    {
        _closing = true;
        _context.Abort();
        _ = _ending?.CancelAsync();
    }

    /// <summary>Reading or writing failed: mostly a client that went away.</summary>
    public void Fail(Exception exception)
    {
        // What cannot be decompressed is as good as a line that was cut.
        if (exception is IOException or OperationCanceledException or InvalidDataException)
            _services.Logger.ConnectionLost(exception, RemoteEndPoint);
        else
            _services.Logger.ConnectionFailed(exception, RemoteEndPoint, Settings.ClientId, Topic, Channel);
        Close();
    }

    /// <summary>The client has not read for longer than its heartbeat interval.</summary>
    public void AbortBlockedWrite()
    {
        _services.Logger.WriteTimedOut(RemoteEndPoint);
        _closing = true;
        _context.Abort();
    }

    /// <inheritdoc/>
    public void Deliver(in DeliveryRun run, int size) => Output.Enqueue(run, size);

    /// <summary>Body bytes have left: the channel may send as many again.</summary>
    public void GiveBackWindow(long bytes)
    {
        if (Subscription is not { Consumer: var consumer, Link: var link } || !consumer.AddCredit(bytes))
            return;
        if (consumer.TakeCredit() is not { } credit)
            return;
        link.Add([credit], out _);
        link.Start();
    }

    /// <summary>IDENTIFY has changed the settings.</summary>
    /// <param name="settings">What holds now.</param>
    /// <param name="isFirst">Whether deliveries and heartbeats are to follow them.</param>
    public void Take(ClientSettings settings, bool isFirst)
    {
        Settings = settings;
        if (isFirst)
        {
            Delivery = settings;
            Deadlines.BeginHeartbeats();
        }
        else
        {
            Deadlines.Reschedule();
        }
    }

    /// <summary>SUB has made a consumer.</summary>
    public void Take(Subscription subscription)
    {
        Subscription = subscription;
        State = ConnectionState.Subscribed;
    }

    /// <summary>Bytes of commands were read.</summary>
    public void NoteReceived(long bytes) => Volatile.Write(ref _received, _received + bytes);

    /// <summary>A message that is traced has been written to the client.</summary>
    public void TraceDelivery(long offset, ushort attempts, DateTimeOffset start) => MessageTraces.Add(
        "deliver",
        ActivityKind.Producer,
        Topic,
        MessageId.Of(IdPrefix, offset),
        start,
        _services.Time.GetUtcNow(),
        ("messaging.destination.subscription.name", Channel),
        ("messaging.client.id", Settings.ClientId),
        ("network.peer.address", RemoteEndPoint),
        ("nsq.message.attempts", (int)attempts));

    /// <summary>What the connection knows of itself.</summary>
    public ConnectionSnapshot ToSnapshot()
    {
        ClientSettings settings = Settings;
        Consumer? consumer = Consumer;
        UpgradedTransport? upgraded = Transport.Upgraded;
        SslStream? tls = upgraded?.Tls;
        Authorization? login = Guard?.Authorization;
        return new ConnectionSnapshot
        {
            Number = Number,
            RemoteAddress = RemoteEndPoint,
            ClientId = settings.ClientId,
            Hostname = settings.Hostname,
            UserAgent = settings.UserAgent,
            ConnectTime = ConnectTime,
            State = State,
            Topic = consumer is null ? "" : Topic,
            Channel = consumer is null ? "" : Channel,
            ReadyCount = consumer?.Ready ?? 0,
            InFlightCount = consumer?.InFlight ?? 0,
            MessageCount = Output.Messages,
            FinishCount = consumer?.Finished ?? 0,
            RequeueCount = consumer?.Requeued ?? 0,
            PublishCounts = Published.ToArray(),
            SampleRate = settings.SampleRate,
            MsgTimeout = settings.MsgTimeout,
            OutputBufferSize = settings.OutputBufferSize,
            OutputBufferTimeout = settings.OutputBufferTimeout,
            TopologyRegion = settings.TopologyRegion,
            TopologyZone = settings.TopologyZone,
            Tls = tls is not null,
            Deflate = upgraded?.IsDeflated ?? false,
            Snappy = upgraded?.IsSnappy ?? false,
            TlsVersion = tls is null ? "" : TlsServer.NameOf(tls.SslProtocol),
            TlsCipherSuite = tls?.NegotiatedCipherSuite.ToString() ?? "",
            TlsNegotiatedProtocol = tls?.NegotiatedApplicationProtocol.ToString() ?? "",
            TlsCommonName = upgraded?.CommonName ?? "",
            Authed = login is { Grants.Count: > 0 },
            AuthIdentity = login?.Identity ?? "",
            AuthIdentityUrl = login?.IdentityUrl ?? "",
        };
    }

    private static string RemoteAddressOf(ConnectionContext context) =>
        context.RemoteEndPoint is System.Net.IPEndPoint { Address: var address }
            ? (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString()
            : "";

    private async ValueTask EndTransportAsync(bool isWritable)
    {
        try
        {
            await Transport.EndAsync(isWritable);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or InvalidOperationException)
        {
            _services.Logger.ConnectionLost(e, RemoteEndPoint);
        }
    }
}
