using System.Net.Sockets;
using Npgsql;

namespace Broker.Storage.Postgres;

/// <summary>Turns what the database and the way to it say into a sentence that a client may be shown.</summary>
internal static class PostgresFault
{
    /// <summary>Whether an exception is one that using the database throws. Npgsql calls it an invalid operation to use a connection that broke before.</summary>
    public static bool IsOfDatabase(Exception e) =>
        e is NpgsqlException or SocketException or IOException or TimeoutException or OperationCanceledException or InvalidOperationException;

    /// <summary>
    /// Whether it may be otherwise soon, on another connection: the connection broke, the server stops, starts or has become a standby, or
    /// two transactions were in each other's way.
    /// </summary>
    public static bool IsPassing(Exception e) => e switch
    {
        PostgresException refusal => IsOfConnection(refusal)
            || refusal.SqlState is PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected,
        _ => IsOfDatabase(e),
    };

    /// <summary>Whether the connection is of no use any more, and perhaps the others neither.</summary>
    public static bool IsOfConnection(Exception e) => e switch
    {
        PostgresException refusal => refusal.SqlState.StartsWith("57P", StringComparison.Ordinal)
            || refusal.SqlState.StartsWith("08", StringComparison.Ordinal)
            || refusal.SqlState is PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.TooManyConnections,
        // A pool without a free connection says so by a timeout too.
        _ => IsOfDatabase(e) && !IsLate(e),
    };

    /// <summary>Whether it says no more than that an answer takes long.</summary>
    public static bool IsLate(Exception e) => e is OperationCanceledException || Find<TimeoutException>(e) is not null;

    /// <summary>The exception for something that could not be done.</summary>
    /// <param name="what">What could not be done, such as <c>cannot write topic t</c>.</param>
    /// <param name="e">Why.</param>
    public static StoreException Of(string what, Exception e) => e as StoreException ?? new StoreException($"{what}: {Cause(e)}", e);

    /// <summary>The cause in a few words.</summary>
    public static string Cause(Exception e) => e switch
    {
        PostgresException refusal => $"PostgreSQL says: {refusal.MessageText}",
        _ when Find<SocketException>(e) is { } socket => $"PostgreSQL cannot be reached: {socket.Message}",
        _ when IsLate(e) => "PostgreSQL does not answer in time",
        _ when Find<PostgresException>(e) is { } refusal => $"PostgreSQL says: {refusal.MessageText}",
        _ => $"the connection to PostgreSQL failed: {e.Message.ReplaceLineEndings(" ")}",
    };

    private static T? Find<T>(Exception? e)
        where T : Exception
    {
        for (; e is not null; e = e is AggregateException { InnerExceptions: [.., Exception last] } ? last : e.InnerException)
        {
            if (e is T found)
                return found;
        }
        return null;
    }
}
