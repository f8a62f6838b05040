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

    /// <summary>The gateway's output took <see cref="ConsumerCommand.Value"/> more bytes: the window grows by them. Older gateways send it.</summary>
    Window = 5,

    /// <summary>
    /// The connection is gone; its messages in flight wait for their timeouts. With a <see cref="ConsumerCommand.Value"/> of 1, those that were sent
    /// beyond position <see cref="ConsumerCommand.Offset"/> were never written to its socket and go back at once, as if not delivered.
    /// </summary>
    Detach = 6,

    /// <summary>
    /// The gateway has received what was sent up to position <see cref="ConsumerCommand.Offset"/>, and
    /// <see cref="ConsumerCommand.Value"/> bytes may be sent beyond it. An absolute statement: a late, lost or doubled one does no harm.
    /// </summary>
    Credit = 7,
}
