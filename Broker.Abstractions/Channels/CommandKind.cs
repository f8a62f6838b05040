namespace Broker.Channels;

/// <summary>What a consumer's command asks for.</summary>
public enum CommandKind
{
    /// <summary>FIN of <see cref="ConsumerCommand.Offset"/>.</summary>
    Finish = 1,

    /// <summary>REQ of <see cref="ConsumerCommand.Offset"/> after <see cref="ConsumerCommand.Value"/> milliseconds.</summary>
    Requeue = 2,

    /// <summary>TOUCH of <see cref="ConsumerCommand.Offset"/>.</summary>
    Touch = 3,

    /// <summary>RDY: <see cref="ConsumerCommand.Value"/> is the new ceiling.</summary>
    Ready = 4,

    /// <summary>The gateway's output took <see cref="ConsumerCommand.Value"/> more bytes: the window grows by them.</summary>
    Window = 5,

    /// <summary>The connection is gone; its messages in flight wait for their timeouts.</summary>
    Detach = 6,
}
