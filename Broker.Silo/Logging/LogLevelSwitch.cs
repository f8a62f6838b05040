using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace Broker.Silo.Logging;

/// <summary>The level that is logged at, which may change while the broker runs. All loggers that were given it follow.</summary>
public sealed class LogLevelSwitch : IConfigureOptions<LoggerFilterOptions>, IOptionsChangeTokenSource<LoggerFilterOptions>
{
    private volatile LogLevel _level = LogLevel.Information;
    private CancellationTokenSource _change = new();

    /// <summary>The least severe level that is logged.</summary>
    public LogLevel Level
    {
        get => _level;
        set
        {
            _level = value;
            Interlocked.Exchange(ref _change, new CancellationTokenSource()).Cancel();
        }
    }

    /// <inheritdoc/>
    public string Name => Options.DefaultName;

    /// <inheritdoc/>
    public void Configure(LoggerFilterOptions options)
    {
        options.MinLevel = _level;
        // The libraries below us report at Information what concerns nobody who runs a broker.
        if (_level >= LogLevel.Warning) return;
        options.Rules.Add(new LoggerFilterRule(null, "Microsoft", LogLevel.Warning, null));
        options.Rules.Add(new LoggerFilterRule(null, "Orleans", LogLevel.Warning, null));
        options.Rules.Add(new LoggerFilterRule(null, "Polly", LogLevel.Warning, null));
        // Whoever has called says so, and in words that a user knows.
        options.Rules.Add(new LoggerFilterRule(null, "Orleans.Runtime.CallbackData", LogLevel.Error, null));
        options.Rules.Add(new LoggerFilterRule(null, "Orleans.Messaging.GatewayManager", LogLevel.Error, null));
        // An application's silo need not tell a version.
        options.Rules.Add(new LoggerFilterRule(null, "Orleans.Runtime.MembershipService.SiloMetadata", LogLevel.Critical, null));
        // Who leaves a stream of hints may still be sent one.
        options.Rules.Add(new LoggerFilterRule(null, "Orleans.Streams.StreamConsumerExtension", LogLevel.Error, null));
    }

    /// <inheritdoc/>
    public IChangeToken GetChangeToken() => new CancellationChangeToken(Volatile.Read(ref _change).Token);
}
