using Broker.Gateway.Limits;
using Broker.Policies;
using Broker.Serving.Limits;

namespace Broker.Gateway.Connections;

/// <summary>Has a connection be read from later when more would cost the gateway too much.</summary>
internal sealed class ReadLimits
{
    // A larger body is waited for before it is taken into memory, when much is on its way already.
    private const int LargeBody = 64 * 1024;

    private readonly NsqConnection _client;
    private readonly GatewayServices _services;
    private readonly CommandAllowance? _allowance;
    private long _bytesTaken;

    public ReadLimits(NsqConnection client, GatewayServices services)
    {
        _client = client;
        _services = services;
        LimitOptions limits = services.Options.Limits;
        if (limits.MaxCommandsPerSecond > 0)
            _allowance = new CommandAllowance(limits.MaxCommandsPerSecond, services.Time);
    }

    /// <summary>Whether bytes are taken that are to be returned.</summary>
    public bool HasBytes => _bytesTaken > 0;

    /// <summary>Whether so much must be waited for that it has to be taken first.</summary>
    /// <param name="buffered">Bytes that have come.</param>
    /// <param name="missing">Bytes that are to come.</param>
    public bool MustTake(long buffered, long missing) => missing > LargeBody && buffered + missing > _bytesTaken;

    /// <summary>Waits until a large body may be taken into memory.</summary>
    /// <param name="bytes">Of the body, as far as it is known.</param>
    /// <param name="multi">What an MPUB says of its length; null for any other body.</param>
    public async ValueTask TakeBytesAsync(long bytes, long? multi)
    {
        ByteBudget budget = _services.BytesInFlight;
        // An MPUB says how long it is, and then goes on for as long as it likes up to the limit: who is caught out pays in full.
        if (multi is long declared)
            bytes = _bytesTaken > 0 ? _services.Options.MaxBodySize : Math.Max(bytes, declared);
        ReturnBytes();
        if (!budget.TryTake(bytes))
        {
            Count(RefusalReason.TooManyBytesInFlight);
            await budget.TakeAsync(bytes, _client.Ending);
        }
        _bytesTaken = bytes;
    }

    /// <summary>The body has gone on its way.</summary>
    public void ReturnBytes()
    {
        if (_bytesTaken > 0)
            _services.BytesInFlight.Return(_bytesTaken);
        _bytesTaken = 0;
    }

    /// <summary>Whether memory is short.</summary>
    public bool IsMemoryShort => _services.Memory.IsHigh;

    /// <summary>Waits while memory is short.</summary>
    public async ValueTask WaitForMemoryAsync()
    {
        Count(RefusalReason.MemoryShort);
        await _services.Memory.WaitAsync(_client.Ending);
    }

    /// <summary>Waits when there were too many commands in a second.</summary>
    public ValueTask PauseAfterAsync(int commands) =>
        _allowance is not null && _allowance.Take(commands) is { Ticks: > 0 } pause ? PauseAsync(pause) : default;

    private async ValueTask PauseAsync(TimeSpan pause)
    {
        Count(RefusalReason.TooManyCommands);
        await Task.Delay(pause, _services.Time, _client.Ending);
    }

    private void Count(RefusalReason reason) => _services.Refusals.Add(reason, _client.RemoteEndPoint);
}
