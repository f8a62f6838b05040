using Broker.Silo.Logging;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broker.Tests.Silo;

/// <summary>Which lines of which level are written.</summary>
public sealed class LogLevelSwitchTests
{
    private const string Ours = "Broker.Gateway";
    private const string Libraries = "Orleans.Runtime";
    private const string Calls = "Orleans.Runtime.CallbackData";
    private const string Versions = "Orleans.Runtime.MembershipService.SiloMetadata.SiloMetadataCache";

    [Theory]
    [InlineData(LogLevel.Debug, Ours, LogLevel.Debug)]
    [InlineData(LogLevel.Debug, Libraries, LogLevel.Warning)]
    [InlineData(LogLevel.Information, Calls, LogLevel.Error)]
    [InlineData(LogLevel.Information, Versions, LogLevel.Critical)]
    [InlineData(LogLevel.Warning, Ours, LogLevel.Warning)]
    [InlineData(LogLevel.Warning, Libraries, LogLevel.Warning)]
    [InlineData(LogLevel.Warning, Calls, LogLevel.Error)]
    [InlineData(LogLevel.Warning, Versions, LogLevel.Critical)]
    [InlineData(LogLevel.Error, Libraries, LogLevel.Error)]
    [InlineData(LogLevel.Error, Versions, LogLevel.Critical)]
    [InlineData(LogLevel.Critical, Calls, LogLevel.Critical)]
    public void A_stricter_level_writes_no_line_that_a_laxer_one_leaves_out(LogLevel level, string category, LogLevel least)
    {
        ServiceCollection services = new();
        services.AddLogging(static logging => logging.AddProvider(new AcceptingProvider()));
        services.AddSingleton<IConfigureOptions<LoggerFilterOptions>>(new LogLevelSwitch { Level = level });
        using ServiceProvider provider = services.BuildServiceProvider();
        ILogger logger = provider.GetRequiredService<ILoggerFactory>().CreateLogger(category);

        Assert.Equal(
            Enum.GetValues<LogLevel>().Where(each => each >= least && each < LogLevel.None),
            Enum.GetValues<LogLevel>().Where(logger.IsEnabled));
    }

    private sealed class AcceptingProvider : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
        }

        public void Dispose()
        {
        }
    }
}
