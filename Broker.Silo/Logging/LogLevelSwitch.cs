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
        AddRule("Microsoft", LogLevel.Warning);
        AddRule("Orleans", LogLevel.Warning);
        AddRule("Polly", LogLevel.Warning);
        // Whoever has called says so, and in words that a user knows.
        AddRule("Orleans.Runtime.CallbackData", LogLevel.Error);
        AddRule("Orleans.Messaging.GatewayManager", LogLevel.Error);
        // An application's silo need not tell a version.
        AddRule("Orleans.Runtime.MembershipService.SiloMetadata", LogLevel.Critical);
        // Who leaves a stream of hints may still be sent one.
        AddRule("Orleans.Streams.StreamConsumerExtension", LogLevel.Error);

        // A rule replaces the level for its category, and must not be the laxer of the two.
        void AddRule(string category, LogLevel least) =>
            options.Rules.Add(new LoggerFilterRule(null, category, least > options.MinLevel ? least : options.MinLevel, null));
    }

    /// <inheritdoc/>
    public IChangeToken GetChangeToken() => new CancellationChangeToken(Volatile.Read(ref _change).Token);
}
