//! Weight memory, mode by mode.

use cortado_arch::isa::Mode;
use cortado_arch::Architecture;

use super::Layer;

impl Layer {
    /// Weight memory of the layer.
    pub fn weight_words(&self, a: &Architecture, weights: &[i8]) -> Vec<u8> {
        let (tm, tn) = (a.tm, a.tn);
        let (kh, kw) = self.kernel;
        if self.pool {
            return (0..tm * tn).map(|i| u8::from(i % tn == 0)).collect();
        }
        // Per output lane of a group: the taps in the order of (step, input lane).
        let mut order: Vec<Option<(usize, usize, usize)>> = Vec::new();
        match self.mode {
            Mode::Convolution => {
                for ky in 0..kh {
                    for kx in 0..kw {
                        for i in 0..self.channels.div_ceil(tn) * tn {
                            order.push((i < self.channels).then_some((ky, kx, i)));
                        }
                    }
                }
            }
            Mode::Channelwise => {
                for ky in 0..kh {
                    for kx in 0..kw {
                        order.push(Some((ky, kx, 0)));
                        order.extend(std::iter::repeat_n(None, tn - 1));
                    }
                }
            }
            Mode::Depthwise => (0..kw).rev().for_each(|kx| order.extend((0..kh).rev().map(|ky| Some((ky, kx, 0))))),
            Mode::Patch => {
                for ky in 0..kh {
                    for x in 0..kw * self.channels {
                        order.push(Some((ky, x / self.channels, x % self.channels)));
                    }
                }
            }
        }
        order.resize(order.len().div_ceil(tn) * tn, None);
        let steps = order.len() / tn;
        let mut bytes = Vec::new();
        for g in 0..self.outs().div_ceil(tm) {
            for s in 0..steps {
                for m in 0..tm {
                    for n in 0..tn {
                        let weight = order[s * tn + n].filter(|_| g * tm + m < self.outs());
                        bytes.push(
                            weight.map_or(0, |(ky, kx, i)| weights[self.weight_index(g * tm + m, ky, kx, i)] as u8),
                        );
                    }
                }
            }
        }
        bytes
    }
}
