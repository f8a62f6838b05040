using System.Runtime.InteropServices;
using Broker.Channels;

namespace Broker.Gateway.Consuming;

/// <summary>One call with the commands of all consumers that met in it.</summary>
internal sealed class CommandCall : PendingCall
{
    private byte[] _data = [];

    /// <summary>The commands, once sealed.</summary>
    public ReadOnlySpan<ConsumerCommand> Commands => MemoryMarshal.Cast<byte, ConsumerCommand>(_data);

    /// <summary>The commands as a batch carries them.</summary>
    public byte[] Data => _data;

    /// <summary>The commands that failed, ordered by index.</summary>
    public CommandFailure[] Failures { get; private set; } = [];

    /// <summary>Copies what was gathered.</summary>
    public void Seal(ReadOnlySpan<ConsumerCommand> commands) => _data = MemoryMarshal.AsBytes(commands).ToArray();

    /// <summary>The call has ended.</summary>
    public void Complete(CommandFailure[]? failures)
    {
        Failures = failures ?? [];
        SetCompleted();
    }
}
