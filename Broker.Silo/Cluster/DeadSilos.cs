using System.Net;
using System.Net.Sockets;
using Broker.Silo.Settings;
using Broker.Storage;
using Broker.Storage.Postgres;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Orleans.Runtime;

namespace Broker.Silo.Cluster;

/// <summary>
/// Strikes silos from the list that were killed when nobody was left to notice. A silo joins only when it has reached every one on the list: after all were
/// killed at once and came back at other addresses, they would wait for the old ones.
/// </summary>
/// <remarks>
/// Struck is who has not signed the list for three times its period, and cannot be connected to either: a silo that the database was away for is there.
/// </remarks>
/// <param name="settings">What the operator chose.</param>
/// <param name="membership">Knows when this silo has joined.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Told who is struck.</param>
internal sealed partial class DeadSilos(BrokerSettings settings, ISiloStatusOracle membership, TimeProvider time, ILogger<DeadSilos> logger) : BackgroundService
{
    private const int MissedSignatures = 3;

    private const string FindSilent =
        """
        select address, port, generation from cluster_silos
        where cluster = $1 and status <> 6 and alive < now() - $2 and not (address = $3 and port = $4)
        """;

    // With the version, so that silos which write at the same moment read again before they do.
    private const string Strike =
        """
        with ticked as (update cluster_versions set version = version + 1, changed = now() where cluster = $1 returning cluster)
        update cluster_silos set status = 6 from ticked
        where cluster_silos.cluster = ticked.cluster and address = $2 and port = $3 and generation = $4 and alive < now() - $5
        """;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            // A silo that is starting, too, is to be known to itself before it looks at others.
            while (membership.CurrentStatus is SiloStatus.None or SiloStatus.Created or SiloStatus.Joining)
            {
                await LookAsync(stoppingToken);
                await Task.Delay(Period, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // It has not joined, and will not.
        }
    }

    private async Task LookAsync(CancellationToken stopping)
    {
        try
        {
            await PostgresMessageStore.PrepareAsync(settings.Postgres, connection => LookAsync(connection, stopping), stopping);
        }
        catch (StoreException e)
        {
            CannotLook(e.Message);
        }
    }

    private async Task LookAsync(NpgsqlConnection connection, CancellationToken stopping)
    {
        await using (NpgsqlCommand path = new($"set search_path to \"{settings.Postgres.Schema}\"", connection))
            await path.ExecuteNonQueryAsync(stopping);
        TimeSpan silence = settings.Cluster.TableRefresh * MissedSignatures;
        List<(string Address, int Port, int Generation)> silent = [];
        SiloAddress self = membership.SiloAddress;
        await using (NpgsqlCommand find = new(FindSilent, connection)
        {
            Parameters =
            {
                new() { Value = settings.Cluster.ClusterId }, new() { Value = silence },
                new() { Value = self.Endpoint.Address.ToString() }, new() { Value = self.Endpoint.Port },
            },
        })
        {
            await using NpgsqlDataReader rows = await find.ExecuteReaderAsync(stopping);
            while (await rows.ReadAsync(stopping))
                silent.Add((rows.GetString(0), rows.GetInt32(1), rows.GetInt32(2)));
        }

        foreach ((string address, int port, int generation) in silent)
        {
            if (await IsThereAsync(new IPEndPoint(IPAddress.Parse(address), port), stopping))
                continue;
            await using NpgsqlCommand strike = new(Strike, connection)
            {
                Parameters =
                {
                    new() { Value = settings.Cluster.ClusterId }, new() { Value = address }, new() { Value = port }, new() { Value = generation },
                    new() { Value = silence },
                },
            };
            if (await strike.ExecuteNonQueryAsync(stopping) > 0)
                Struck(address, port, silence.TotalSeconds);
        }
    }

    private static async Task<bool> IsThereAsync(IPEndPoint silo, CancellationToken stopping)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        patience.CancelAfter(ConnectPatience);
        using Socket socket = new(silo.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(silo, patience.Token);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            return false;
        }
    }

    [LoggerMessage(6030, LogLevel.Warning, "silo {Address}:{Port}: has not signed the list of silos for {Silence} s and cannot be reached; it is struck")]
    private partial void Struck(string address, int port, double silence);

    [LoggerMessage(6031, LogLevel.Warning, "the list of silos cannot be looked at, tried again: {Cause}")]
    private partial void CannotLook(string cause);
}
