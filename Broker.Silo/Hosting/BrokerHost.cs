using System.Diagnostics.Metrics;
using System.Net.Sockets;
using System.Security.Cryptography;
using Broker.Admin;
using Broker.Gateway.Security;
using Broker.Grains;
using Broker.Grains.Channels;
using Broker.Grains.Metrics;
using Broker.Grains.Topics;
using Broker.Health;
using Broker.Serving.Hosting;
using Broker.Serving.Http;
using Broker.Serving.Http.Protection;
using Broker.Silo.Cluster;
using Broker.Silo.Logging;
using Broker.Silo.Settings;
using Broker.Silo.Telemetry;
using Broker.Storage;
using Broker.Storage.Files;
using Broker.Storage.Memory;
using Broker.Storage.Postgres;
using Broker.Telemetry;
using Broker.Topics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace Broker.Silo.Hosting;

/// <summary>A broker in this process: the one place where silo, grains, storage and gateway meet.</summary>
public sealed partial class BrokerHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Action<StartBanner, IReadOnlyList<Listener>> _banner;
    private readonly IReadOnlyList<Listener> _listeners;
    private readonly IAsyncDisposable? _store;
    private readonly IDisposable? _storeParts;

    private BrokerHost(
        WebApplication app,
        Action<StartBanner, IReadOnlyList<Listener>> banner,
        IReadOnlyList<Listener> listeners,
        IAsyncDisposable? store,
        IDisposable? storeParts)
    {
        _app = app;
        _banner = banner;
        _listeners = listeners;
        _store = store;
        _storeParts = storeParts;
    }

    /// <summary>What the parts were composed into.</summary>
    public IServiceProvider Services => _app.Services;

    /// <summary>What is served, and where.</summary>
    public IReadOnlyList<Listener> Listeners => _listeners;

    /// <summary>Builds a broker and serves it until a signal or <paramref name="cancellation"/> stops it.</summary>
    /// <exception cref="StartException">It cannot start here.</exception>
    public static async Task ServeAsync(BrokerSettings settings, CancellationToken cancellation)
    {
        if (settings.Cluster.OnlyPreparesDatabase)
        {
            Console.Out.WriteLine(await PrepareDatabaseAsync(settings, cancellation));
            return;
        }

        await (await CreateAsync(settings)).ServeAsync(cancellation);
    }

    /// <summary>Builds the lookup service alone and serves it until a signal or <paramref name="cancellation"/> stops it.</summary>
    /// <exception cref="StartException">It cannot start here.</exception>
    public static Task ServeLookupAsync(BrokerSettings settings, CancellationToken cancellation) => CreateLookup(settings).ServeAsync(cancellation);

    /// <summary>Builds the admin web alone and serves it until a signal or <paramref name="cancellation"/> stops it.</summary>
    /// <exception cref="StartException">It cannot start here.</exception>
    public static Task ServeAdminAsync(BrokerSettings settings, CancellationToken cancellation) => CreateAdmin(settings).ServeAsync(cancellation);

    /// <summary>Builds a gateway by itself and serves it until a signal or <paramref name="cancellation"/> stops it.</summary>
    /// <exception cref="StartException">It cannot start here.</exception>
    public static Task ServeGatewayAsync(BrokerSettings settings, CancellationToken cancellation) => CreateGateway(settings).ServeAsync(cancellation);

    /// <summary>Makes the tables that a broker needs in its database, or brings them up to date.</summary>
    /// <returns>One line that says what was done.</returns>
    /// <exception cref="StartException">They cannot be made.</exception>
    public static async Task<string> PrepareDatabaseAsync(BrokerSettings settings, CancellationToken cancellation)
    {
        try
        {
            (int before, int now) = await PostgresMessageStore.PrepareAsync(settings.Postgres, cancellation);
            await ClusterDatabase.PrepareAsync(settings.Postgres, cancellation);
            string schema = $"schema {settings.Postgres.Schema} in PostgreSQL at {PostgresAddress.Parse(settings.Postgres.ConnectionString).Description}";
            return before == now ? $"{schema} is up to date (version {now})"
                : before == 0 ? $"{schema} is ready: its tables were created (version {now})"
                : $"{schema} is ready: its tables were brought from version {before} to {now}";
        }
        catch (StoreException e)
        {
            throw new StartException(e.Message);
        }
    }

    /// <summary>Composes a gateway by itself: it serves clients, and the silos of its cluster do the rest.</summary>
    /// <param name="settings">What the operator chose.</param>
    /// <param name="time">The clock; null for the real one.</param>
    /// <exception cref="StartException">An address names a host that cannot be resolved.</exception>
    public static BrokerHost CreateGateway(BrokerSettings settings, TimeProvider? time = null)
    {
        StartCheck.Addresses(AddressesOfGateway(settings));
        if (settings.IsNodeIdDerived) settings.Queue.NodeId = NodeNumber.OfThisHost;
        return Build(
            settings,
            builder => GatewayComposition.AddTo(builder, settings),
            time,
            banner: (start, listeners) => start.WriteGateway(settings, listeners));
    }

    /// <summary>Composes the admin web alone.</summary>
    /// <param name="settings">What the operator chose; only what concerns the admin web counts.</param>
    /// <param name="time">The clock; null for the real one.</param>
    /// <exception cref="StartException">An address names a host that cannot be resolved.</exception>
    public static BrokerHost CreateAdmin(BrokerSettings settings, TimeProvider? time = null)
    {
        StartCheck.Addresses(settings.Admin.HttpAddress);
        return Build(
            settings,
            builder => AdminComposition.AddAlone(builder, settings),
            time,
            banner: (start, listeners) => start.WriteAdmin(listeners));
    }

    /// <summary>Composes the lookup service alone.</summary>
    /// <param name="settings">What the operator chose; only what concerns the lookup service counts.</param>
    /// <param name="time">The clock; null for the real one.</param>
    /// <exception cref="StartException">There is nothing to serve, or an address names a host that cannot be resolved.</exception>
    public static BrokerHost CreateLookup(BrokerSettings settings, TimeProvider? time = null)
    {
        StartCheck.Addresses(settings.Lookup.TcpAddress, settings.Lookup.HttpAddress);
        return Build(
            settings,
            builder => LookupComposition.AddTo(builder, settings.Lookup, "TCP", "HTTP"),
            time,
            banner: (start, listeners) => start.WriteLookup(listeners));
    }

    /// <summary>Opens the store and composes a broker on it.</summary>
    /// <param name="settings">What the operator chose.</param>
    /// <param name="time">The clock; null for the real one.</param>
    /// <exception cref="StartException">The store cannot be opened, or an address names a host that cannot be resolved.</exception>
    public static async Task<BrokerHost> CreateAsync(BrokerSettings settings, TimeProvider? time = null)
    {
        time ??= TimeProvider.System;
        StartCheck.Addresses([.. AddressesOfGateway(settings), settings.Admin.HttpAddress]);
        if (settings.IsClustered) StartCheck.SiloPorts(settings.Cluster);
        if (settings.IsClustered)
        {
            settings.Postgres.IsShared = true;
            settings.Postgres.Cluster = settings.Cluster.ClusterId;
            settings.Queue.HandOverWait = settings.Cluster.HandOverWait;
        }
        // The store is opened before there is a host, and closed after it; certificates and users are read before.
        ServiceProvider parts = new ServiceCollection()
            .AddSingleton(settings)
            .AddSingleton(time)
            .AddMetrics()
            .AddLogging(logging => AddLogging(logging, settings))
            .AddSingleton(Options.Create(settings.Gateway))
            .AddSingleton<TlsServer>()
            .AddSingleton<AccessControl>()
            .BuildServiceProvider();
        IMeterFactory meters = parts.GetRequiredService<IMeterFactory>();
        try
        {
            TlsServer tls = parts.GetRequiredService<TlsServer>();
            AccessControl access = parts.GetRequiredService<AccessControl>();
            if (settings.StorageKind == StorageKind.Files) DataFolder.Create(settings.Storage.DataPath);
            if (settings.IsClustered) await ClusterDatabase.PrepareAsync(settings.Postgres, CancellationToken.None);
            IMessageStore store = await StoreFactory.OpenAsync(settings, parts.GetRequiredService<ILoggerFactory>(), time, new StorageMetrics(meters, time));
            if (settings.IsNodeIdDerived) settings.Queue.NodeId = await NodeNumberOfAsync(settings, store);
            return Build(
                settings,
                builder =>
                {
                    builder.Services.AddSingleton(tls);
                    builder.Services.AddSingleton(access);
                    return Compose(builder, settings, store, meters);
                },
                time,
                store,
                parts);
        }
        catch (Exception e) when (e is StoreException or CertificateException or UserFileException)
        {
            parts.Dispose();
            throw new StartException(e.Message);
        }
    }

    /// <summary>Composes a host around parts of the caller's choice.</summary>
    /// <param name="settings">What the operator chose.</param>
    /// <param name="compose">Registers the parts and returns what is to be served.</param>
    /// <param name="time">The clock; null for the real one.</param>
    /// <param name="store">What is closed after the host.</param>
    /// <param name="storeParts">What is closed after the store.</param>
    /// <param name="banner">Writes the first lines of the log; null for those of a broker.</param>
    /// <exception cref="StartException">There is nothing to serve, or an address names a host that cannot be resolved.</exception>
    public static BrokerHost Build(
        BrokerSettings settings,
        Func<WebApplicationBuilder, IReadOnlyList<Listener>> compose,
        TimeProvider? time = null,
        IAsyncDisposable? store = null,
        IDisposable? storeParts = null,
        Action<StartBanner, IReadOnlyList<Listener>>? banner = null)
    {
        // The empty builder: settings come from our flags alone, not from ASPNETCORE_URLS or an appsettings.json that lies around.
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(settings);
        builder.Services.AddSingleton(settings.Queue);
        builder.Services.AddSingleton(settings.Storage);
        builder.Services.AddSingleton(settings.Gateway);
        builder.Services.AddSingleton(time ?? TimeProvider.System);
        builder.Services.AddSingleton<StartBanner>();
        // The rest is for what is closed after the host.
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = settings.Telemetry.ShutdownDelay + (settings.ShutdownTimeout * 0.75));
        builder.Services.Configure<ConsoleLifetimeOptions>(lifetime => lifetime.SuppressStatusMessages = true);
        AddLogging(builder.Logging, settings);

        IReadOnlyList<Listener> listeners = compose(builder);
        if (listeners.Count == 0) throw new StartException("nothing is served: this version has no gateway");
        builder.Services.AddHttpProtection(settings.Http, OwnHosts(settings));
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            foreach (Listener listener in listeners) listener.AddTo(kestrel);
        });
        builder.Services.AddSingleton(_ => new ConnectionPlaces(OpenFiles.ForConnections(hasStore: store is not null)));
        // Kestrel asks the factories from the last one on.
        builder.Services.TryAddSingleton<BoundAddresses>();
        builder.Services.AddSingleton<SocketBinder>();
        builder.Services.AddSingleton<IConnectionListenerFactory>(static provider => provider.GetRequiredService<SocketBinder>());
        builder.Services.AddSingleton<IListeners>(static provider => provider.GetRequiredService<SocketBinder>());
        WebApplication app = BuildApp(builder);
        app.Run(HttpSite.DispatchAsync);
        return new BrokerHost(app, banner ?? ((start, served) => start.Write(settings, served)), listeners, store, storeParts);
    }

    /// <summary>Binds the addresses and says so.</summary>
    /// <exception cref="StartException">An address cannot be listened on.</exception>
    public async Task StartAsync(CancellationToken cancellation = default)
    {
        try
        {
            await _app.StartAsync(cancellation);
        }
        catch (Exception e) when (e is CertificateException or UserFileException or AdminSettingsException or SocketException)
        {
            throw new StartException(e.Message);
        }
        _banner(Services.GetRequiredService<StartBanner>(), _listeners);
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
        _storeParts?.Dispose();
    }

    // What is told to stop has a bound, whatever it waits for: Orleans alone tries for two minutes to reach a database that is gone. Nothing
    // acknowledged depends on how a broker ends, so whatever is still under way is left.
    private async Task ServeAsync(CancellationToken cancellation)
    {
        BrokerSettings settings = Services.GetRequiredService<BrokerSettings>();
        ILogger logger = Services.GetRequiredService<ILogger<BrokerHost>>();
        ILoggerProvider[] outputs = [.. Services.GetServices<ILoggerProvider>()];
        TaskCompletionSource stopping = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(stopping.SetResult);
        Task serving = ServeToTheEndAsync(cancellation);
        await Task.WhenAny(serving, stopping.Task);
        TimeSpan bound = stopping.Task.IsCompleted ? settings.Telemetry.ShutdownDelay + settings.ShutdownTimeout : Timeout.InfiniteTimeSpan;
        try
        {
            await serving.WaitAsync(bound, CancellationToken.None);
        }
        catch (TimeoutException) when (!serving.IsCompleted)
        {
            StopGivenUp(logger, settings.ShutdownTimeout.TotalSeconds);
            // The process ends now; its last lines are written before.
            foreach (ILoggerProvider output in outputs) output.Dispose();
        }
    }

    private async Task ServeToTheEndAsync(CancellationToken cancellation)
    {
        await using BrokerHost host = this;
        await StartAsync(cancellation);
        await WaitForShutdownAsync(cancellation);
    }

    [LoggerMessage(6080, LogLevel.Warning,
        "stopping took {Seconds} s (--shutdown-timeout) and is cut short: nothing acknowledged is lost, and messages in flight are delivered again")]
    private static partial void StopGivenUp(ILogger logger, double seconds);

    // Listeners are configured while the server is built, and with them what they serve.
    private static WebApplication BuildApp(WebApplicationBuilder builder)
    {
        try
        {
            return builder.Build();
        }
        catch (Exception e) when (e is CertificateException or UserFileException or AdminSettingsException)
        {
            throw new StartException(e.Message);
        }
    }

    private static string[] AddressesOfGateway(BrokerSettings settings) =>
    [
        settings.Gateway.TcpAddress,
        settings.Gateway.HttpAddress,
        settings.Gateway.Tls.IsEnabled ? settings.Gateway.HttpsAddress : "",
        settings.Lookup.TcpAddress,
        settings.Lookup.HttpAddress,
    ];

    private static IReadOnlyList<Listener> Compose(WebApplicationBuilder builder, BrokerSettings settings, IMessageStore store, IMeterFactory meters)
    {
        IServiceCollection services = builder.Services;
        services.AddSingleton(meters);
        services.AddSingleton(settings.Telemetry);
        services.AddSingleton(settings.Queue);
        services.AddSingleton(provider => new TopicStores(
            store, new MemoryMessageStore(TimeProvider.System), provider.GetService<ISiloMembership>()));
        services.AddSingleton(new ChannelSeed(RandomNumberGenerator.GetInt32(int.MaxValue)));
        if (settings.Telemetry.Metrics || OtlpExport.SendsMetrics(settings.Telemetry))
            services.AddSingleton(new GrainMetrics(meters, settings.Telemetry.LabelLimit));
        // The silo is registered first, so that it stops last: what the gateway has taken is finished before.
        builder.AddBrokerSilo(settings);
        GatewayComposition.AddFrontEnd(builder, settings);
        services.AddSingleton<TopicOpener>();
        services.AddHostedService(static provider => provider.GetRequiredService<TopicOpener>());
        services.AddSingleton<IHealthSource>(new StoreHealth(store));
        services.AddSingleton<IReadinessCheck>(new StoreCheck(store));
        services.AddSingleton<IReadinessCheck, TopicsCheck>();

        List<Listener> listeners = [.. GatewayComposition.ListenersOf(settings)];
        listeners.AddRange(LookupComposition.AddTo(builder, settings.Lookup, "lookup TCP", "lookup HTTP"));
        listeners.AddRange(AdminComposition.AddBeside(builder, settings));
        return listeners;
    }

    private static string[] OwnHosts(BrokerSettings settings)
    {
        string[] addresses = [settings.Gateway.HttpAddress, settings.Gateway.HttpsAddress, settings.Lookup.HttpAddress, settings.Admin.HttpAddress];
        return
        [
            .. addresses.Where(static address => address.Length > 0).Select(static address => ListenAddress.Parse(address).Host),
            settings.Gateway.BroadcastAddress,
            settings.Lookup.BroadcastAddress,
        ];
    }

    // A broker that keeps nothing keeps no number either, and then as good a one is derived at every start.
    private static async Task<int> NodeNumberOfAsync(BrokerSettings settings, IMessageStore store) => store switch
    {
        FileMessageStore => new NodeNumberFile(settings.Storage.DataPath).ReadOrDerive(),
        PostgresMessageStore postgres => await postgres.NodeNumberAsync(NodeNumber.OfDataPath(postgres.Location)),
        _ => NodeNumber.OfDataPath(settings.Storage.DataPath),
    };

    private static void AddLogging(ILoggingBuilder logging, BrokerSettings settings)
    {
        logging.Services.AddSingleton<IConfigureOptions<LoggerFilterOptions>>(settings.LogLevels);
        logging.Services.AddSingleton<IOptionsChangeTokenSource<LoggerFilterOptions>>(settings.LogLevels);
        logging.AddConsole(console =>
        {
            console.FormatterName = settings.LogFormat == LogFormat.Json ? LogJsonFormatter.FormatterName : LogLineFormatter.FormatterName;
            console.LogToStandardErrorThreshold = LogLevel.Trace;
        });
        logging.Services.AddSingleton(provider => new LogThrottle(settings.LogRateLimit, provider.GetRequiredService<TimeProvider>()));
        logging.AddConsoleFormatter<LogLineFormatter, ConsoleFormatterOptions>();
        logging.AddConsoleFormatter<LogJsonFormatter, ConsoleFormatterOptions>();
    }
}
