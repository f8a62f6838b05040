using System.Security.Cryptography;
using Broker.Gateway;
using Broker.Grains;
using Broker.Silo.Logging;
using Broker.Silo.Settings;
using Broker.Storage;
using Broker.Storage.Memory;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace Broker.Silo.Hosting;

/// <summary>A broker in this process: the one place where engine, grains, storage and gateway meet.</summary>
public sealed class BrokerHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly BrokerSettings _settings;
    private readonly IReadOnlyList<Listener> _listeners;
    private readonly IAsyncDisposable? _store;
    private readonly IDisposable? _storeLoggers;

    private BrokerHost(
        WebApplication app,
        BrokerSettings settings,
        IReadOnlyList<Listener> listeners,
        IAsyncDisposable? store,
        IDisposable? storeLoggers)
    {
        _app = app;
        _settings = settings;
        _listeners = listeners;
        _store = store;
        _storeLoggers = storeLoggers;
    }

    /// <summary>What the parts were composed into.</summary>
    public IServiceProvider Services => _app.Services;

    /// <summary>What is served, and where.</summary>
    public IReadOnlyList<Listener> Listeners => _listeners;

    /// <summary>Builds a broker and serves it until a signal or <paramref name="cancellation"/> stops it.</summary>
    /// <exception cref="StartException">It cannot start here.</exception>
    public static async Task ServeAsync(BrokerSettings settings, CancellationToken cancellation)
    {
        await using BrokerHost host = await CreateAsync(settings);
        await host.StartAsync(cancellation);
        await host.WaitForShutdownAsync(cancellation);
    }

    /// <summary>Opens the store and composes a broker on it.</summary>
    /// <param name="settings">What the operator chose.</param>
    /// <param name="time">The clock; null for the real one.</param>
    /// <exception cref="StartException">The store cannot be opened, or an address names a host that cannot be resolved.</exception>
    public static async Task<BrokerHost> CreateAsync(BrokerSettings settings, TimeProvider? time = null)
    {
        time ??= TimeProvider.System;
        ILoggerFactory loggers = LoggerFactory.Create(logging =>
        {
            logging.Services.AddSingleton(settings).AddSingleton(time);
            AddLogging(logging, settings);
        });
        try
        {
            IMessageStore store = await StoreFactory.OpenAsync(settings, loggers, time);
            return Build(settings, builder => Compose(builder, settings, store), time, store, loggers);
        }
        catch (StoreException e)
        {
            loggers.Dispose();
            throw new StartException(e.Message);
        }
    }

    /// <summary>Composes a host around parts of the caller's choice.</summary>
    /// <param name="settings">What the operator chose.</param>
    /// <param name="compose">Registers the parts and returns what is to be served.</param>
    /// <param name="time">The clock; null for the real one.</param>
    /// <param name="store">What is closed after the host.</param>
    /// <param name="storeLoggers">What is closed after the store.</param>
    /// <exception cref="StartException">There is nothing to serve, or an address names a host that cannot be resolved.</exception>
    public static BrokerHost Build(
        BrokerSettings settings,
        Func<WebApplicationBuilder, IReadOnlyList<Listener>> compose,
        TimeProvider? time = null,
        IAsyncDisposable? store = null,
        IDisposable? storeLoggers = null)
    {
        // The empty builder: settings come from our flags alone, not from ASPNETCORE_URLS or an appsettings.json that lies around.
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(settings);
        builder.Services.AddSingleton(settings.Queue);
        builder.Services.AddSingleton(settings.Storage);
        builder.Services.AddSingleton(settings.Gateway);
        builder.Services.AddSingleton(time ?? TimeProvider.System);
        builder.Services.AddSingleton<StartBanner>();
        builder.Services.Configure<ConsoleLifetimeOptions>(lifetime => lifetime.SuppressStatusMessages = true);
        AddLogging(builder.Logging, settings);

        IReadOnlyList<Listener> listeners = compose(builder);
        if (listeners.Count == 0) throw new StartException("nothing is served: this version has no gateway");
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            foreach (Listener listener in listeners) listener.AddTo(kestrel);
        });
        // Kestrel asks the factories from the last one on.
        builder.Services.AddSingleton<IConnectionListenerFactory, SocketBinder>();
        return new BrokerHost(builder.Build(), settings, listeners, store, storeLoggers);
    }

    /// <summary>Binds the addresses and says so.</summary>
    /// <exception cref="StartException">An address cannot be listened on.</exception>
    public async Task StartAsync(CancellationToken cancellation = default)
    {
        try
        {
            await _app.StartAsync(cancellation);
        }
        catch (Exception e) when (e is CertificateException or UserFileException)
        {
            throw new StartException(e.Message);
        }
        Services.GetRequiredService<StartBanner>().Write(_settings, _listeners);
    }

    /// <summary>Waits for Ctrl-C, SIGTERM or <paramref name="cancellation"/>, then stops gracefully.</summary>
    public Task WaitForShutdownAsync(CancellationToken cancellation = default) => _app.WaitForShutdownAsync(cancellation);

    /// <summary>Stops gracefully.</summary>
    public Task StopAsync(CancellationToken cancellation = default) => _app.StopAsync(cancellation);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        if (_store is not null) await _store.DisposeAsync();
        _storeLoggers?.Dispose();
    }

    private static IReadOnlyList<Listener> Compose(WebApplicationBuilder builder, BrokerSettings settings, IMessageStore store)
    {
        IServiceCollection services = builder.Services;
        services.AddSingleton(provider => new GrainServices(
            settings.Queue,
            store,
            new MemoryMessageStore(RandomNumberGenerator.GetInt32(1024)),
            provider.GetRequiredService<TimeProvider>(),
            RandomNumberGenerator.GetInt32(int.MaxValue),
            provider.GetRequiredService<ILogger<GrainServices>>()));
        // The grain host is registered first, so that it stops last: what the gateway has taken is finished before.
        GrainEngine.AddTo(builder, settings);
        services.AddSingleton(Options.Create(settings.Gateway));
        services.AddNsqGateway();
        return [new Listener("TCP", ListenAddress.Parse(settings.Gateway.TcpAddress), tcp => tcp.UseConnectionHandler<NsqConnectionHandler>())];
    }

    private static void AddLogging(ILoggingBuilder logging, BrokerSettings settings)
    {
        logging.SetMinimumLevel(settings.LogLevel);
        // The libraries below us report at Information what concerns nobody who runs a broker.
        if (settings.LogLevel < LogLevel.Warning) logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddConsole(console =>
        {
            console.FormatterName = LogLineFormatter.FormatterName;
            console.LogToStandardErrorThreshold = LogLevel.Trace;
        });
        logging.AddConsoleFormatter<LogLineFormatter, ConsoleFormatterOptions>();
    }
}
