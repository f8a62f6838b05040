using System.Globalization;
using Broker.Grains.Channels;
using Broker.Grains.Topics;
using Microsoft.Extensions.Logging;

namespace Broker.Tests.Simulation.Whole;

/// <summary>Keeps the last lines that grains logged, to be shown with a failure.</summary>
internal sealed class SimulatedLog(TimeProvider time) : ILogger<TopicGrain>, ILogger<ChannelGrain>, ILogger<DirectoryGrain>
{
    private const int MaxLines = 200;

    private readonly Queue<string> _lines = new();

    public IEnumerable<string> Lines => _lines;

    /// <summary>How often each kind of line came, by the event's name.</summary>
    public SortedDictionary<string, int> Counts { get; } = new(StringComparer.Ordinal);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (eventId.Name is { } name)
            Counts[name] = Counts.GetValueOrDefault(name) + 1;
        if (_lines.Count == MaxLines)
            _lines.Dequeue();
        _lines.Enqueue(string.Create(CultureInfo.InvariantCulture, $"{time.GetUtcNow().ToUnixTimeMilliseconds()} {formatter(state, exception)}"));
    }
}
