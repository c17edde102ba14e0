package codec

import (
	"context"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/failure/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
)

// ForClient makes a Temporal client encrypt and decrypt. What it cannot decrypt is an error.
func (c *Codec) ForClient(options *client.Options) {
	data := converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), c)
	options.DataConverter, options.FailureConverter = data, c.failures(data, c)
}

// ForWorker makes the client of a worker encrypt and decrypt. Where a workflow meets what it cannot decrypt, its task fails,
// and Temporal gives it to a worker again until one has the key. An error would do harm there: the SDK fails a workflow
// whose input it cannot read, drops such a signal, and passes such a result to the workflow as if the activity had failed.
func (c *Codec) ForWorker(options *client.Options) {
	stern := converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), insistent{c})
	options.DataConverter = workerConverter{stern, converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), c)}
	options.FailureConverter = c.failures(stern, insistent{c})
}

// insistent panics where the codec gives an error.
type insistent struct{ *Codec }

// Decode decrypts or panics.
func (i insistent) Decode(payloads []*common.Payload) ([]*common.Payload, error) {
	decoded, err := i.Codec.Decode(payloads)
	if err != nil {
		panic(err) //nolint:forbidigo // the way in which the SDK lets a codec fail a workflow's task instead of the workflow
	}
	return decoded, nil
}

// workerConverter panics in workflows and gives errors in activities, which Temporal retries as they say.
type workerConverter struct {
	converter.DataConverter
	inActivities converter.DataConverter
}

var _ converter.ContextAware = workerConverter{}

// WithWorkflowContext is the converter for workflows.
func (w workerConverter) WithWorkflowContext(converter.WorkflowContext) converter.DataConverter {
	return w
}

// WithContext is the converter for activities.
func (w workerConverter) WithContext(context.Context) converter.DataConverter { return w.inActivities }

// failures encrypts the words of failures, where there is a key: amounts stand in them. Their types stay readable, as
// Temporal decides about retries by them.
func (c *Codec) failures(data converter.DataConverter, codec converter.PayloadCodec) converter.FailureConverter {
	return failureConverter{codec: codec, FailureConverter: temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{
		DataConverter: data, EncodeCommonAttributes: len(c.ids) > 0,
	})}
}

type failureConverter struct {
	converter.FailureConverter
	codec converter.PayloadCodec
}

// FailureToError makes an error of a failure. One that cannot be decrypted says why; the SDK would leave "Encoded failure".
func (f failureConverter) FailureToError(chain *failure.Failure) error {
	for link := chain; link != nil; link = link.GetCause() {
		if words := link.GetEncodedAttributes(); words != nil {
			if _, err := f.codec.Decode([]*common.Payload{words}); err != nil {
				link.Message = err.Error()
			}
		}
	}
	return f.FailureConverter.FailureToError(chain)
}
